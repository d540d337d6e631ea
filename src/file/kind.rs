//! The kinds of files: name in errors, size limit, and allowed owners and modes.

use super::{Access, Kind};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Files that fedcred keeps: sealed files, their key, locks. The reader sets the limit.
pub const OURS: Kind = Kind { noun: "the file", max: 0, access: Access::OursAlone };
/// The beginning of a sealed file that is to be removed, and is not trusted.
pub const OURS_HEAD: Kind = Kind { noun: "the file", max: 0, access: Access::Any };
/// The log, which is only written.
pub const LOG: Kind = Kind { noun: "the log file", max: 0, access: Access::Guard };
pub const CONFIGURATION: Kind = Kind { noun: "the configuration file", max: MIB, access: Access::Trusted };
/// A session policy.
pub const POLICY: Kind = Kind { noun: "the policy's file", ..CONFIGURATION };
/// `password = { file = … }`, a systemd credential.
pub const SECRET: Kind = Kind { noun: "the secret file", max: 64 * KIB, access: Access::Secret };
/// An identity token. STS accepts up to 20,000 characters. Kubelets and CI runners choose its mode, and mount it for groups.
pub const TOKEN: Kind = Kind { noun: "the token file", max: 64 * KIB, access: Access::Any };
/// The token that clients of the endpoint must send. A service account's token has some 2 KiB.
pub const ENDPOINT_TOKEN: Kind = Kind { noun: "the endpoint's token file", max: 16 * KIB, access: Access::Guard };
/// Google's own tools choose its owner and mode.
pub const GOOGLE: Kind = Kind { noun: "the Google credential file", max: 64 * KIB, access: Access::Any };
pub const KEYTAB: Kind = Kind { noun: "the keytab", max: MIB, access: Access::Secret };
/// The certificates of a system have some 250 KiB.
pub const CERTIFICATES: Kind = Kind { noun: "the certificate file", max: 8 * MIB, access: Access::Any };
pub const PRIVATE_KEY: Kind = Kind { noun: "the private key", max: MIB, access: Access::Secret };
/// `~/.aws/config`, `~/.aws/credentials`, boto's files, and others of this form.
pub const AWS: Kind = Kind { noun: "the AWS configuration file", max: 4 * MIB, access: Access::Any };
/// A connections file, `airflow.cfg`, and files beside it.
pub const AIRFLOW: Kind = Kind { noun: "the Airflow file", max: 4 * MIB, access: Access::Any };
/// A page, assertion, token or policy that an argument names.
pub const PAGE: Kind = Kind { noun: "the file", max: 4 * MIB, access: Access::Any };
/// A file of a scheduler.
pub const JOB: Kind = Kind { noun: "the job's file", max: MIB, access: Access::Any };
pub const TICKETS: Kind = Kind { noun: "the ticket cache", max: MIB, access: Access::Any };
/// The beginning of a ticket cache: a header and a principal, some hundred bytes.
pub const TICKETS_HEAD: Kind = Kind { max: 4 * KIB, ..TICKETS };
/// The first line of a script, to the length that the kernel reads.
pub const PROGRAM: Kind = Kind { noun: "the program", max: 256, access: Access::Any };
/// krb5.conf and its included files.
pub const KRB5_CONF: Kind = Kind { noun: "the Kerberos configuration", max: 256 * KIB, access: Access::Any };
