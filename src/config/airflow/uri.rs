//! A connection as a URI, read and written as Airflow does: `aws://LOGIN:PASSWORD@HOST:PORT/SCHEMA?extra=…`.
//!
//! Airflow replaces the scheme in the text and then uses Python's `urlsplit`, with these effects: every occurrence of
//! the scheme is removed, a second `://` gives the host a protocol, and a raw `/` in the password makes its rest a
//! port. What Airflow cannot read is [`Broken`] here, and so is what it reads without its credentials (`misread`).

use serde_json::{Map, Value};

use super::broken::Broken;
use super::connection::{Connection, Extra, normalized_type};
use super::json;
use super::misread;
use super::quote::{parse_query, quote, quote_plus, unquote, write_query};
use super::redact::{self, shown_login};
use super::sketch::{Login, shown_query, shown_scheme, sketch};
use super::urlsplit::{Fault, Parts, urlsplit};
use crate::secret::Secret;

/// The query parameter with the whole extra as JSON. Other parameters are then ignored.
const EXTRA_KEY: &str = "__extra__";

/// Parses `text`, which has no white space around it, as the connection `conn_id`.
pub fn parse(conn_id: &str, text: &str) -> Result<Connection, Broken> {
    misread::text(text)?;
    let protocols = text.matches("://").count();
    let whole = urlsplit(text).map_err(|fault| unreadable(text, fault))?;
    misread::scheme(text, &whole)?;
    let has_protocol = protocols == 2;
    let rest = text.replace(&format!("{}://", whole.scheme), if has_protocol { "" } else { "//" });
    if protocols > 2 || (has_protocol && rest.split("://").next().is_some_and(|before| before.contains(['@', ':']))) {
        return Err(unencoded_url(text));
    }
    let parts = urlsplit(&rest).map_err(|fault| unreadable(text, fault))?;
    let port = parts.port().map_err(|fault| unreadable(text, fault))?;
    misread::parts(text, &parts)?;
    let host = hostname(&parts);
    let (login, password) = parts.userinfo();
    Ok(Connection {
        conn_id: conn_id.to_owned(),
        conn_type: Some(normalized_type(&whole.scheme)),
        description: None,
        login: login.map(unquote),
        password: password.map(|text| Secret::new(unquote(text))),
        host: Some(if !has_protocol || host.is_empty() || parts.scheme.is_empty() {
            host
        } else {
            format!("{}://{host}", parts.scheme)
        }),
        port: port.map(i64::from),
        schema: Some(unquote(parts.path.get(1..).unwrap_or_default())),
        extra: extra(&parts.query)?,
    })
}

/// Writes the connection as `Connection.get_uri()` does.
pub fn write(connection: &Connection) -> Secret {
    let conn_type = connection.conn_type.as_deref().unwrap_or_default();
    let mut uri =
        if conn_type.is_empty() { "//".to_owned() } else { conn_type.to_lowercase().replace('_', "-") + "://" };
    let host = connection.host.as_deref().unwrap_or_default();
    let (protocol, host) = host.split_once("://").map_or((None, host), |(protocol, host)| (Some(protocol), host));
    if let Some(protocol) = protocol {
        uri += &format!("{protocol}://");
    }
    let login = connection.login.as_deref().map(quote).unwrap_or_default();
    let password = connection.password.as_ref().map(|p| format!(":{}", quote(p.expose()))).unwrap_or_default();
    let authority = login + &password;
    if !authority.is_empty() {
        uri += &format!("{authority}@");
    }
    uri += &quote(host);
    if let Some(port) = connection.port.filter(|port| *port != 0) {
        uri += &if host.is_empty() && authority.is_empty() { format!("@:{port}") } else { format!(":{port}") };
    }
    let schema = connection.schema.as_deref().unwrap_or_default();
    if !schema.is_empty() {
        uri += &format!("/{}", quote(schema));
    }
    let fields = connection.extra.fields();
    if !fields.is_empty() {
        let query = flat(fields).map_or_else(
            || format!("{EXTRA_KEY}={}", quote_plus(&Value::Object(fields.clone()).to_string())),
            write_query,
        );
        uri += &format!("{}?{query}", if schema.is_empty() { "/" } else { "" });
    }
    Secret::new(uri)
}

/// Returns the extra as query parameters, if they read back the same: all values are text, and none is the whole extra.
fn flat(fields: &Map<String, Value>) -> Option<Vec<(&str, &str)>> {
    let pairs = fields.iter().map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    pairs.collect::<Option<Vec<_>>>().filter(|_| !fields.contains_key(EXTRA_KEY))
}

fn hostname(parts: &Parts) -> String {
    let host = unquote(&parts.hostname().unwrap_or_default());
    if !host.contains('/') {
        return host;
    }
    // A path in the host (as in MWAA's documentation) keeps its case, so it is taken from the text.
    let host = parts.netloc.rsplit_once('@').map_or(parts.netloc.as_str(), |(_, host)| host);
    unquote(host.split(':').next().unwrap_or_default())
}

fn extra(query: &str) -> Result<Extra, Broken> {
    // For a repeated parameter, a Python dict has the last value in the first one's place.
    let fields: Map<String, Value> = parse_query(query).into_iter().map(|(n, v)| (n, Value::String(v))).collect();
    let Some(Value::String(text)) = fields.get(EXTRA_KEY) else { return Ok(Extra::new(fields)) };
    match fields.keys().find(|name| *name != EXTRA_KEY) {
        None => json::extra_text(text, EXTRA_KEY),
        Some(beside) => Err(Broken::new(
            format!("`{}` is beside {EXTRA_KEY}: Airflow ignores every parameter but that one", redact::name(beside)),
            format!("write it into the JSON of {EXTRA_KEY}, or remove it"),
        )),
    }
}

fn unreadable(text: &str, fault: Fault) -> Broken {
    match (fault, Login::meant_in(text)) {
        (Fault::PortNoNumber | Fault::PortTooLarge, Some(login)) => match login.breaking_character() {
            Some((at, c)) => {
                let escape = quote(&c.to_string());
                Broken::new(
                    format!(
                        "character {at}, a raw {c:?} in the password, ends the host there: Airflow takes the rest of the password for a port"
                    ),
                    format!("write {escape} for each {c} in the password: {}", login.sketch(text)),
                )
            }
            None => bad_port(text, &login),
        },
        (Fault::PortNoNumber | Fault::PortTooLarge, None) => Broken::new(
            "there is no @ behind the password, so Airflow takes the access key id for a host and the secret for its port",
            format!("end the password with an @: {}", missing_at(text)),
        ),
        (Fault::Brackets, _) => Broken::new(
            "the host has a [ or ] and is not an IPv6 address",
            "write %5B for [ and %5D for ] in login and password",
        ),
        (Fault::Lookalike, _) => Broken::new(
            "the host or login has a character that Unicode takes for one of / ? # @ :",
            "write it percent-encoded, or in ASCII",
        ),
    }
}

fn bad_port(text: &str, login: &Login<'_>) -> Broken {
    let host = login.rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    Broken::new(
        "what follows the colon behind the host is not a port (a number up to 65535)",
        format!("write {}, or a number behind the colon", sketch(&text.replacen(host, name, 1))),
    )
}

fn unencoded_url(text: &str) -> Broken {
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let url = query.split('&').find(|field| field.contains("://")).map(shown_query);
    let at = text.match_indices("://").last().map_or(0, |(at, _)| text[..at].chars().count() + 1);
    let mended = match url {
        Some(field) => format!("write the URL in the query percent-encoded: {field}"),
        None => "write :// as %3A%2F%2F in every part but the beginning".to_owned(),
    };
    Broken::new(format!("character {at}, another ://, is taken for the beginning of the host"), mended)
}

fn missing_at(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("aws", text));
    let login = rest.split(':').next().unwrap_or_default();
    let query = rest.split_once('?').map(|(_, query)| format!("/?{}", shown_query(query))).unwrap_or_default();
    format!("{}://{}:…@{query}", shown_scheme(scheme), shown_login(login))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Everything that a URI can hold of a connection.
    fn fields(connection: &Connection) -> String {
        let password = connection.password.as_ref().map(Secret::expose);
        let c = connection;
        format!(
            "{:?} {:?} {password:?} {:?} {:?} {:?} {:?}",
            c.conn_type,
            c.login,
            c.host,
            c.port,
            c.schema,
            c.extra.fields()
        )
    }

    #[test]
    fn a_number_is_written_as_it_was_read() {
        for number in ["7.7777e+120", "0.1", "1.7976931348623157e+308", "5e-324", "123456789012345678", "-0.3"] {
            let text = format!("aws://?__extra__=%7B%22a%22%3A{}%7D", quote(number));
            let written = write(&parse("x", &text).unwrap());
            let again = write(&parse("x", written.expose()).unwrap());
            assert_eq!(again.expose(), written.expose());
            assert!(written.expose().contains(&quote_plus(number)), "{}", written.expose());
        }
    }

    #[test]
    fn a_uri_is_written_as_airflow_writes_it() {
        let table = [
            (r#"{"conn_type": "aws"}"#, "aws://"),
            (r#"{"conn_type": "aws", "login": "AK", "password": "a/b+c@"}"#, "aws://AK:a%2Fb%2Bc%40@"),
            (r#"{"conn_type": "my_aws", "host": "h/x", "port": 1, "schema": "s s"}"#, "my-aws://h%2Fx:1/s%20s"),
            (r#"{"conn_type": "aws", "port": 1}"#, "aws://@:1"),
            (
                r#"{"conn_type": "aws", "extra": {"region_name": "eu west", "a": "/"}}"#,
                "aws:///?region_name=eu+west&a=%2F",
            ),
            (r#"{"conn_type": "aws", "schema": "s", "extra": {"a": 1}}"#, "aws:///s?__extra__=%7B%22a%22%3A1%7D"),
            (r#"{"conn_type": "aws", "host": "https://h"}"#, "aws://https://h"),
        ];
        for (json, expected) in table {
            assert_eq!(write(&json::parse("x", json).unwrap()).expose(), expected, "{json}");
        }
    }

    #[test]
    fn a_second_colon_and_two_slashes_make_a_protocol_where_something_stands_before_them() {
        for (text, host) in [("aws://https://h/x", "https://h"), ("aws:////h/b://x", "h"), ("aws://https:///x", "")] {
            assert_eq!(parse("x", text).unwrap().host.as_deref(), Some(host), "{text}");
        }
    }

    #[test]
    fn a_broken_uri_is_shown_mended_and_without_its_secrets() {
        let table = [
            (
                "aws://AKIAIOSFODNN7EXAMPLE:hun/ter2@/?region_name=eu-west-1",
                "character 31, a raw '/'",
                "%2F for each / in the password: aws://AKIAIOSFODNN7EXAMPLE:…@/?region_name=eu-west-1",
            ),
            ("aws://AKIAIOSFODNN7EXAMPLE:hun?ter2@", "character 31, a raw '?'", "%3F for each ?"),
            ("aws://hunter2:hun#ter2@h", "a raw '#'", "aws://…:…@h"),
            ("aws://AKIAIOSFODNN7EXAMPLE:hunter2", "no @ behind the password", "aws://AKIAIOSFODNN7EXAMPLE:…@"),
            ("aws://a:b@h:hunter2", "not a port", "aws://…:…@h,"),
            ("'aws://a:hunter2@/?x=hunter2'", "in quotes (')", "aws://…:…@/?x=…"),
            ("aws://AK:hunter2@/?endpoint_url=http://h:1&y=hunter2", "another ://", "endpoint_url=http%3A%2F%2Fh%3A1"),
            ("aws://[hunter2", "IPv6", "%5B"),
        ];
        for (text, why, mended) in table {
            let broken = parse("x", text).unwrap_err();
            assert!(broken.why.contains(why) && broken.mended.contains(mended), "{text}: {broken:?}");
            assert!(!format!("{broken:?}").contains("hunter2"), "{broken:?}");
        }
    }

    /// What was read, written, and read again. None: the text is refused.
    fn again(text: &str) -> Option<(String, String)> {
        let written = write(&parse("x", text).ok()?);
        let again =
            parse("x", written.expose()).unwrap_or_else(|broken| panic!("{text:?}: {}: {broken:?}", written.expose()));
        Some((written.expose().to_owned(), write(&again).expose().to_owned()))
    }

    #[test]
    fn texts_that_were_read_otherwise_once_written_are_refused_or_the_same() {
        for text in ["//7://7://", "//", "://", "7://7://", "//a://b", ":"] {
            assert_eq!(again(text), None, "{text}");
        }
        for text in [
            "aws://https://h:1/s?a=b",
            "aws://http://h",
            "my-aws://K:p@h:1/s",
            "aws://@:1",
            "aws://?__extra__=%7B%22a%22%3A1%7D",
        ] {
            let (first, second) = again(text).unwrap();
            assert_eq!(first, second, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_reads_as_before(
            (login, password) in any::<(Option<String>, Option<String>)>(),
            host in "[a-z0-9.-]{0,9}", port in proptest::option::of(1..65536i64), schema in any::<String>(),
            extra in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..4),
        ) {
            // One without the other gives the colon or the @ that the reader takes for both.
            let login = login.or(password.as_ref().map(|_| String::new()));
            let has_user = login.as_ref().is_some_and(|login| !login.is_empty()) || password.is_some();
            let fields_of_extra: Map<String, Value> = extra.into_iter().map(|(n, v)| (n, Value::String(v))).collect();
            let connection = Connection {
                conn_id: "x".into(),
                conn_type: Some("aws".into()),
                login: login.filter(|_| has_user || (port.is_some() && host.is_empty())),
                password: password.map(Secret::new),
                port,
                host: Some(host),
                schema: Some(schema),
                extra: Extra::new(fields_of_extra),
                ..Connection::default()
            };
            let login_as_read = |c: &Connection| c.login.clone().unwrap_or_default();
            let again = parse("x", write(&connection).expose()).unwrap();
            prop_assert_eq!(login_as_read(&again), login_as_read(&connection));
            let again = Connection { login: connection.login.clone(), ..again };
            prop_assert_eq!(fields(&again), fields(&connection));
        }

        #[test]
        fn no_text_makes_the_reader_fall_over(text in "\\PC*|aws://[a@:/?#%\\[\\]é\"=&.]{0,40}") {
            let _ = parse("x", &text);
        }
    }
}
