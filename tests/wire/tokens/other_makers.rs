//! Tokens that are taken to another maker's STS, as MinIO's.

use serde_json::json;

use crate::support::idp::Site;
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::support::token::token;
use crate::world::World;

/// What MinIO and Ceph answer where credentials are given; neither names an account.
fn given_by_another_maker(user: &str) -> Reply {
    Reply::new(
        200,
        "application/xml",
        format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>\
             <AssumedRoleUser><Arn>{user}</Arn><AssumeRoleId></AssumeRoleId></AssumedRoleUser><Credentials>\
             <AccessKeyId>KEY</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
             </AssumeRoleWithWebIdentityResponse>"
        ),
    )
}

/// A world whose STS is this page of its server.
fn at_another_maker(respond: impl crate::support::idp::Respond) -> World {
    let world = World::beside(Site::new().post("/", respond).start().unwrap());
    let (file, url) = (world.given("token", &token()), world.idp.url("/"));
    world.set("web_identity.source", "file").set("web_identity.token_file", file.to_str()).set("sts_endpoint_url", url)
}

#[test]
fn minio_is_asked_for_no_role_where_none_is_written() {
    let world = at_another_maker(|request: &Request| {
        let form = request.fields();
        assert!(!form.contains_key("RoleArn"), "{form:?}");
        assert_eq!(form["Action"], "AssumeRoleWithWebIdentity");
        given_by_another_maker("")
    })
    .unset("role_arn");
    let printed = world.get().succeeds();
    assert_eq!((&printed["AccessKeyId"], printed.get("AccountId")), (&json!("KEY"), None));
    let report = world.run(&["doctor", "dev"]);
    assert!(report.stdout.contains("another maker's STS, not AWS"), "{}", report.stdout);
    let aws = world.set("sts_endpoint_url", "https://sts.eu-west-1.amazonaws.com/");
    aws.get().fails_as("missing-key").saying("role_arn");
}

#[test]
fn roles_of_other_makers_are_taken_where_sts_is_not_awss() {
    for role in ["arn:aws:iam:::role/S3", "arn:aws:iam::tenant:role/S3", "arn:minio:iam:::role/S3"] {
        let world = at_another_maker(move |request: &Request| {
            assert_eq!(request.fields()["RoleArn"], role);
            given_by_another_maker("arn:aws:sts::tenant:assumed-role/S3/me")
        })
        .set("role_arn", role);
        world.get().succeeds();
        let aws = world.unset("sts_endpoint_url");
        aws.get().fails_as("invalid-arn").saying("sts_endpoint_url");
    }
}

#[test]
fn no_tool_of_awss_is_named_where_another_maker_refuses() {
    let ceph = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code><Message></Message>\
                <RequestId>tx00000a1-default</RequestId></Error>";
    let minio = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type></Type><Code>AccessDenied</Code>\
                 <Message>Access denied</Message></Error><RequestId>17A0</RequestId></ErrorResponse>";
    for (server, body, words) in
        [("", ceph, "another maker's STS"), ("Ceph Object Gateway", ceph, "Ceph"), ("MinIO", minio, "MinIO")]
    {
        let world =
            at_another_maker(move |_: &Request| Reply::new(403, "application/xml", body).with("Server", server));
        let run = world.get();
        run.fails_as("sts-access-denied").saying(words).saying("not AWS");
        assert!(!run.stderr.contains("aws iam"), "{}", run.stderr);
    }
}
