//! `[profile.NAME.assume_role]`: a role on top of another identity, and the source of that identity's credentials.

use super::bases::Bases;
use super::found::Found;
use super::profile::{AssumeRole, Base};
use super::reader::Section;
use super::session_name::{self, SessionName};
use super::values;
use super::words::words;
use super::written::WrittenBase;
use crate::error::{Code, Result};

/// The values of `credential_source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Environment,
    Instance,
    Container,
    DefaultChain,
}

words!(Source {
    Environment = "environment",
    Instance = "instance",
    Container = "container",
    DefaultChain = "default-chain",
});

/// Reads the whole table. Faults go into the section's log; the result is then `None` or is not used.
pub fn read<'c>(table: &Section<'_, 'c>, bases: &Bases<'_, 'c>) -> Option<AssumeRole<WrittenBase>> {
    let base = base(table, bases);
    // Characters and lengths are from STS's model of AssumeRole.
    let name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let external = |c: char| name(c) || "/:".contains(c);
    let device = |c: char| name(c) || "/:".contains(c);
    let tags = table.map("tags", tag);
    if let Some(found) = table.table("tags").entries().get(50) {
        table.log().error(found.error(Code::InvalidValue, "is one too many: a session has at most 50 tags"));
    }
    let role = AssumeRole {
        base: (),
        session_name: table
            .read("role_session_name", |f| session_name::read(f, false))
            .unwrap_or_else(SessionName::of_user),
        external_id: table.read("external_id", |f| text_of(f, 2..=1224, external)),
        tags,
        transitive_tag_keys: table
            .value_by("transitive_tag_keys", |f| values::list(f, |key| text_of(key, 1..=128, is_tag)))
            .unwrap_or_default(),
        source_identity: table.read("source_identity", |f| text_of(f, 2..=64, name)),
        serial_number: table.read("serial_number", |f| text_of(f, 9..=256, device)),
    };
    table.finish();
    Some(role.put_on(base?).0)
}

fn base<'c>(table: &Section<'_, 'c>, bases: &Bases<'_, 'c>) -> Option<WrittenBase> {
    let written: Vec<Found<'c>> =
        ["source_profile", "aws_profile", "credential_source"].iter().filter_map(|key| table.find(key)).collect();
    let found = match written.as_slice() {
        [] => {
            table.log().error(table.missing("source_profile"));
            return None;
        }
        [one] => one,
        [first, second, ..] => {
            let said = format!("is a second source of credentials, beside `{}` ({})", first.key, first.place);
            table.log().error(second.error(Code::ConflictingKeys, said).hint("keep one of them"));
            return None;
        }
    };
    match found.key {
        "source_profile" => table.read("source_profile", |found| bases.profile(found)).map(WrittenBase::from),
        "aws_profile" => table.get("aws_profile").map(|name| WrittenBase::Base(Base::AwsProfile(name))),
        _ => match table.get("credential_source")? {
            Source::Environment => Some(WrittenBase::Base(Base::Environment)),
            Source::Instance => Some(WrittenBase::Base(Base::Instance)),
            Source::Container => Some(WrittenBase::Base(Base::Container)),
            Source::DefaultChain => table.log().keep(bases.default_chain(found)),
        },
    }
}

fn tag(found: &Found<'_>) -> Result<(String, String)> {
    if found.key.is_empty() || found.key.chars().count() > 128 || !found.key.chars().all(is_tag) {
        return Err(found.error(Code::InvalidValue, "is not the key of a session tag").hint(TAG_HINT));
    }
    let value = values::written(found, "a string")?;
    if value.chars().count() > 256 || !value.chars().all(is_tag) {
        return Err(found.error(Code::InvalidValue, "is not the value of a session tag").hint(TAG_HINT));
    }
    Ok((found.key.to_owned(), value.to_owned()))
}

const TAG_HINT: &str = "use letters, digits, spaces and _.:/=+-@, at most 128 in a key and 256 in a value";

/// Whether the character matches `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
fn is_tag(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

fn text_of(found: &Found<'_>, length: std::ops::RangeInclusive<usize>, fits: impl Fn(char) -> bool) -> Result<String> {
    let text = values::text(found)?;
    if let Some(c) = text.chars().find(|c| !fits(*c)) {
        return Err(found.error(Code::InvalidValue, format!("cannot contain {c:?}")));
    }
    if !length.contains(&text.chars().count()) {
        let said = format!("must be between {} and {} characters long", length.start(), length.end());
        return Err(found.error(Code::InvalidValue, said));
    }
    Ok(text)
}
