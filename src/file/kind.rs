//! The kinds of files that are read: how each is called, how long it may be, and whose it may be.

use super::{Access, Kind};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// What fedcred keeps: sealed files, their key, locks. The limit is the reader's.
pub const OURS: Kind = Kind { noun: "the file", max: 0, access: Access::OursAlone };
/// The beginning of a sealed file, for whoever throws it away and need not believe it.
pub const OURS_HEAD: Kind = Kind { noun: "the file", max: 0, access: Access::Any };
/// It is written, not read.
pub const LOG: Kind = Kind { noun: "the log file", max: 0, access: Access::Guard };
pub const CONFIGURATION: Kind = Kind { noun: "the configuration file", max: MIB, access: Access::Trusted };
/// A session policy.
pub const POLICY: Kind = Kind { noun: "the policy's file", ..CONFIGURATION };
/// `password = { file = … }`, a systemd credential.
pub const SECRET: Kind = Kind { noun: "the secret file", max: 64 * KIB, access: Access::Secret };
/// An identity token. STS takes one of 20,000 characters. Kubelets and CI runners choose its mode, and mount it for whole groups.
pub const TOKEN: Kind = Kind { noun: "the token file", max: 64 * KIB, access: Access::Any };
/// What a client of the endpoint must show. A service account's token has some 2 KiB.
pub const ENDPOINT_TOKEN: Kind = Kind { noun: "the endpoint's token file", max: 16 * KIB, access: Access::Guard };
/// Google's own tools write and mount it as they like.
pub const GOOGLE: Kind = Kind { noun: "the Google credential file", max: 64 * KIB, access: Access::Any };
pub const KEYTAB: Kind = Kind { noun: "the keytab", max: MIB, access: Access::Secret };
/// Certificates of a system are some 250 KiB.
pub const CERTIFICATES: Kind = Kind { noun: "the certificate file", max: 8 * MIB, access: Access::Any };
pub const PRIVATE_KEY: Kind = Kind { noun: "the private key", max: MIB, access: Access::Secret };
/// `~/.aws/config` and `~/.aws/credentials`, boto's, and what has their form.
pub const AWS: Kind = Kind { noun: "the AWS configuration file", max: 4 * MIB, access: Access::Any };
/// A connections file, or `airflow.cfg`'s neighbours.
pub const AIRFLOW: Kind = Kind { noun: "the Airflow file", max: 4 * MIB, access: Access::Any };
/// A page, assertion, token or policy that a person has on disk.
pub const PAGE: Kind = Kind { noun: "the file", max: 4 * MIB, access: Access::Any };
/// What a scheduler reads.
pub const JOB: Kind = Kind { noun: "the job's file", max: MIB, access: Access::Any };
pub const TICKETS: Kind = Kind { noun: "the ticket cache", max: MIB, access: Access::Any };
/// A header and a principal take some hundred bytes.
pub const TICKETS_HEAD: Kind = Kind { max: 4 * KIB, ..TICKETS };
/// The first line of a script, of which the kernel reads no more either.
pub const PROGRAM: Kind = Kind { noun: "the program", max: 256, access: Access::Any };
/// Far more than any krb5.conf with its snippets has.
pub const KRB5_CONF: Kind = Kind { noun: "the Kerberos configuration", max: 256 * KIB, access: Access::Any };
