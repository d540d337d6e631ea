//! `[profile.NAME]`, `web_identity` and `assume_role`.

use super::Kind::*;
use super::{Literal, ON_TOP, SAML, Table, table};
use crate::config::airflow::compat::Compat;
use crate::config::oidc::{Flow, Token};
use crate::config::profile::DEFAULT_DEADLINE;
use crate::config::words::names;
use crate::config::{assume_role, web_identity};

pub static TAGS: Table = Table::of_names("assume_role.tags");
pub static AUTH_PARAMS: Table = Table::of_names("web_identity.auth_params");

const BESIDE: &str = "is not a key of the profile itself";
const IN_ASSUME_ROLE: &str = "write it into the table `assume_role` of the profile";

table! {
    /// One way to credentials: exactly one of saml, web_identity, assume_role and airflow_conn, or one by include.
    PROFILE, PROFILE_TEXT = "";
    /// Another profile, whose keys are taken first.
    include: Text;
    /// The role to assume. At an STS that is not AWS's also arn:aws:iam:::role/NAME, arn:aws:iam::TENANT:role/NAME or
    /// arn:minio:iam:::role/ID; with web_identity it may be missing there.
    role_arn: Pattern("^arn:[A-Za-z0-9_.-]+:iam::[A-Za-z0-9_.-]*:role/.+"), unset("with saml, the only offered role"),
        example("role_arn = \"arn:aws:iam::112233334444:role/NAME\"");
    /// The region whose STS is called. AWS_REGION and AWS_DEFAULT_REGION take precedence.
    region: Text, unset("that of the role's partition");
    /// The address of STS, if it is not AWS's own: an interface endpoint, or a server such as Ceph or MinIO.
    /// AWS_ENDPOINT_URL_STS takes precedence.
    sts_endpoint_url: Url, unset("AWS STS of the region");
    /// Whether to use the FIPS endpoint of STS.
    use_fips_endpoint: Boolean, default(Literal::Boolean(false));
    /// Whether to use the dual-stack endpoint of STS.
    use_dualstack_endpoint: Boolean, default(Literal::Boolean(false));
    aws_ca_bundle: Variable, unset("the system's roots, or $AWS_CA_BUNDLE");
    /// Length of the session: 15 minutes to 12 hours, as "1h" or in seconds.
    duration: Duration(900, 12 * 3600), unset("1h, the default of STS"),
        also(&["duration_seconds", "session_duration", "aws_session_duration"]);
    /// A session policy: JSON, or the path of a file.
    policy: Text, unset("none");
    /// Managed policies as session policies.
    policy_arns: Texts(10), default(Literal::Nothing);
    /// Time limit for a whole login.
    deadline: Duration(1, 600), default(Literal::Duration(DEFAULT_DEADLINE));
    /// The id of an Airflow connection that this profile is.
    airflow_conn: Text;
    /// A file of connections, as `airflow connections export` writes it, read after the environment.
    airflow_connections: Path, with(&["airflow_conn"]), unset("none");
    /// The version of Airflow's Amazon provider whose reading of the connection counts: 8, in which every documented field
    /// works, or 9.
    airflow_compat: Words(names::<Compat>), with(&["airflow_conn"]), default(Literal::Text("8"));
    /// Log in at a SAML identity provider.
    saml: Table(&SAML), example("write a table [profile.NAME.saml] with idp_url = \"https://…\", or one named web_identity or assume_role, or airflow_conn = \"ID\"");
    /// Exchange an OIDC token at STS.
    web_identity: Table(&WEB_IDENTITY);
    /// Assume the role with other AWS credentials.
    assume_role: Table(&ASSUME_ROLE);
    role_session_name: Refused { said: BESIDE, instead: "write it into the table `assume_role` or `web_identity` of the profile" };
    tags: Refused { said: BESIDE, instead: IN_ASSUME_ROLE };
    transitive_tag_keys: Refused { said: BESIDE, instead: IN_ASSUME_ROLE };
    source_identity: Refused { said: BESIDE, instead: IN_ASSUME_ROLE };
    external_id: Refused { said: BESIDE, instead: IN_ASSUME_ROLE };
    serial_number: Refused { said: BESIDE, instead: IN_ASSUME_ROLE };
}

const NOT_WITH_A_TOKEN: &str = "is not a parameter of AssumeRoleWithWebIdentity, which this identity uses";
const CLAIM_OF_TAGS: &str = "have the issuer put the claim https://aws.amazon.com/tags into the token";

table! {
    /// An OIDC token.
    WEB_IDENTITY, WEB_IDENTITY_TEXT = "web_identity";
    /// Where the token comes from.
    source: Words(web_identity::source_names), example("source = \"file\"");
    /// The path of the token's file.
    token_file: Path, with(&["file"]), unset("AWS_WEB_IDENTITY_TOKEN_FILE"), also(&["web_identity_token_file"]),
        example("token_file = \"/var/run/secrets/…/token\"");
    /// The name of the environment variable that holds the token.
    token_env: Text, with(&["env"]), example("token_env = \"CI_JOB_JWT\"");
    /// A program and its arguments, which prints the token.
    command: Command, with(&["command"]),
        example("command = [\"vault\", \"read\", \"-field=token\", \"identity/oidc/token/aws\"]");
    /// The audience to request. Without it: sts.amazonaws.com for github-actions and kubernetes, the client id for a person's
    /// Google credentials, that of the projected token for azure.
    audience: Text, with(&["github-actions", "google", "azure", "kubernetes"]);
    /// The address of the OpenID provider.
    issuer: Url, with(&["oidc"]), example("issuer = \"https://login.example.com\"");
    /// For oidc: the client, as the provider registered it. For azure: which of several identities of the machine.
    client_id: Text, with(&["oidc", "azure"]), unset("for azure, the only identity there is"),
        example("client_id = \"…\", as the provider registered it");
    /// Where the client's secret is read from.
    client_secret: Secret, with(&["oidc"]), unset("none: a public client"),
        example("client_secret = { file = \"~/secret\" }");
    /// browser or device for a person (`fedcred login`; later runs use the refresh token), client-credentials for a machine.
    flow: Words(names::<Flow>), with(&["oidc"]), default(Literal::Text("browser"));
    /// The scopes to request.
    scope: Text, with(&["oidc"]), unset("openid offline_access; with client-credentials, none");
    /// What the token is for (RFC 8707).
    resource: Text, with(&["oidc"]), unset("none");
    /// Which of the provider's tokens is sent to STS.
    token: Words(names::<Token>), with(&["oidc"]), unset("id; with client-credentials, access");
    /// A loopback address that is registered with the provider.
    redirect_uri: Url, with(&["oidc"]), unset("http://127.0.0.1/callback, on any free port; Entra ID: http://localhost");
    /// Parameters added to the authorization request, such as prompt, login_hint, domain_hint.
    auth_params: Map(&AUTH_PARAMS), with(&["oidc"]);
    /// A PEM file that replaces the system's certificate authorities for the provider.
    ca_bundle: Path, with(&["oidc"]), unset("the system's roots");
    /// The namespace of the service account.
    namespace: Text, with(&["kubernetes"]), unset("this pod's");
    /// The service account whose token is requested.
    service_account: Text, with(&["kubernetes"]), unset("this pod's");
    /// Lifetime of the token, 10 minutes to 24 hours.
    token_lifetime: Duration(600, 24 * 3600), with(&["kubernetes"]), default(Literal::Text("10m"));
    /// Where token and ca.crt are mounted.
    credentials_dir: Path, with(&["kubernetes"]),
        default(Literal::Text("/var/run/secrets/kubernetes.io/serviceaccount"));
    /// Name of the session. May contain {user}, {host}, {profile} and {sub}.
    role_session_name: Text, default(Literal::Text("{sub}"));
    tags: Refused { said: NOT_WITH_A_TOKEN, instead: CLAIM_OF_TAGS };
    transitive_tag_keys: Refused { said: NOT_WITH_A_TOKEN, instead: CLAIM_OF_TAGS };
    source_identity: Refused { said: NOT_WITH_A_TOKEN, instead: "have the issuer put the claim https://aws.amazon.com/source_identity into the token" };
    external_id: Refused { said: NOT_WITH_A_TOKEN, instead: ON_TOP };
    serial_number: Refused { said: NOT_WITH_A_TOKEN, instead: ON_TOP };
}

table! {
    /// A role on top of other credentials; exactly one of source_profile, aws_profile and credential_source.
    ASSUME_ROLE, ASSUME_ROLE_TEXT = "assume_role";
    /// Another profile of this configuration.
    source_profile: Text,
        example("source_profile = \"…\", aws_profile = \"…\" or credential_source = \"environment\"");
    /// A profile of ~/.aws/config.
    aws_profile: Text;
    /// Credentials of this machine. default-chain: those that an AWS SDK would take.
    credential_source: Words(names::<assume_role::Source>);
    /// Name of the session. May contain {user}, {host} and {profile}.
    role_session_name: Text, default(Literal::Text("{user}"));
    /// The external id that the role's trust policy asks for.
    external_id: Text, unset("none");
    /// Session tags that further roles inherit.
    transitive_tag_keys: Texts(50), default(Literal::Nothing);
    /// The source identity of the session.
    source_identity: Text, unset("none");
    /// An MFA device, whose code `fedcred login` asks for.
    serial_number: Text, unset("none"), also(&["mfa_serial"]);
    /// Session tags.
    tags: Map(&TAGS);
}
