//! The layers of a profile: the tables of which it consists, through `include` and the two files; and the error if
//! there are none.

use super::Config;
use super::mistakes::{self, nearest};
use super::origin::{Log, SourceFile};
use super::reader::{Layer, Section};
use super::settings::PROFILE;
use super::tree::{Node, Value};
use super::{values, web_identity};
use crate::error::{Code, Error, Result, printable};
use crate::process::env::HOME;
use crate::quote::shell::{self, fedcred};

/// Maximum number of profiles in an error.
const LISTED: usize = 20;

impl Config {
    /// Returns the profile's tables in order of precedence: the user's, the machine's, then both of each included
    /// profile.
    pub(super) fn layers<'c>(&'c self, asked: &'c str) -> Result<Vec<Layer<'c>>> {
        let mut layers: Vec<Layer<'c>> = Vec::new();
        let mut chain = vec![asked];
        loop {
            let name = chain[chain.len() - 1];
            let start = layers.len();
            for (file, _, node) in self.profile_nodes().filter(|(_, found, _)| *found == name) {
                let Value::Table(table) = &node.value else {
                    let what =
                        format!("{}:{}: `profile.{}` must be a table", file.shown, node.line, printable(name, 80));
                    return Err(Error::new(Code::InvalidValue, what).hint("its keys are in [profile.NAME]"));
                };
                let rank = layers.len();
                layers.push(Layer {
                    table,
                    line: node.line,
                    file,
                    profile: Some(name),
                    included: chain.len() > 1,
                    rank,
                });
            }
            if layers.len() == start {
                return Err(self.not_found(name));
            }
            let log = Log::default();
            let own = Section::new(&log, &PROFILE, layers[start..].to_vec());
            let Some(include) = own.find("include") else { return Ok(layers) };
            let next = values::written(&include, "the name of a profile")?;
            if let Some(from) = chain.iter().position(|name| *name == next) {
                let circle: Vec<&str> = chain[from..].iter().copied().chain([next]).collect();
                return Err(include
                    .error(Code::ConflictingKeys, "is circular")
                    .because(format!("{} include one another", printable(&circle.join(" → "), 300)))
                    .hint("remove one of these `include` lines"));
            }
            if !self.is_written(next) {
                let why = self.not_found(next);
                let error = include.error(Code::ProfileNotFound, format!("names no profile: {}", why.what));
                return Err(Error { causes: why.causes, hint: why.hint, ..error });
            }
            chain.push(next);
        }
    }

    pub(super) fn is_written(&self, name: &str) -> bool {
        self.profile_nodes().any(|(_, written, _)| written == name)
    }

    /// Returns the profiles without which this one cannot be read: those it includes and those below it.
    pub(super) fn needed_by(&self, name: &str) -> impl Iterator<Item = &str> {
        let nodes = self.profile_nodes().filter(move |(_, found, _)| *found == name);
        nodes.flat_map(|(_, _, node)| included(node).into_iter().chain(stood_on(node)))
    }

    /// Whether another profile names this one in its `include`.
    pub(super) fn is_included(&self, name: &str) -> bool {
        self.profile_nodes().any(|(_, _, node)| included(node) == Some(name))
    }

    /// Returns each `[profile.NAME]` as written, the user's before the machine's.
    pub(super) fn profile_nodes(&self) -> impl Iterator<Item = (&SourceFile, &str, &Node)> {
        self.files.iter().flat_map(|file| {
            let profiles = match file.root.get("profile").map(|node| &node.value) {
                Some(Value::Table(profiles)) => Some(profiles),
                _ => None,
            };
            profiles.into_iter().flat_map(|table| table.iter()).map(move |(name, node)| (file, name, node))
        })
    }

    pub(super) fn not_found(&self, name: &str) -> Error {
        if let Some((set, missing)) = web_identity::half_of_implicit(name, &self.env) {
            return Error::new(Code::ProfileNotFound, "there is no profile \"default\"")
                .because(format!(
                    "{set} is set and {missing} is not: with both, the environment is that profile (EKS IRSA)"
                ))
                .because(format!("looked in {}", self.looked_in().join(" and ")))
                .hint(format!(
                    "set {missing}: the service account's annotation eks.amazonaws.com/role-arn makes both"
                ));
        }
        let unnamed = self.profile_nodes().find(|(.., node)| !matches!(node.value, Value::Table(_)));
        if let Some((file, key, node)) = unnamed {
            let key = printable(key, 80);
            return Error::new(Code::ProfileNotFound, format!("there is no profile {:?}", printable(name, 80)))
                .because(format!("{}:{}: `{key}` is in [profile], which has no name", file.shown, node.line))
                .hint("write the heading with the profile's name: [profile.NAME]");
        }
        let names = self.profile_names();
        let list = |names: &[&str]| printable(&names.join(", "), 400);
        let error = Error::new(Code::ProfileNotFound, format!("there is no profile {:?}", printable(name, 80)));
        let error = match names.len() {
            0 => error,
            n if n <= LISTED => error.because(format!("profiles: {}", list(&names))),
            n => error.because(format!("profiles: {} and {} more", list(&names[..LISTED]), n - LISTED)),
        };
        let error = error.because(format!("looked in {}", self.looked_in().join(" and ")));
        let error = match self.env.text("FEDCRED_PROFILE") {
            Some(named) if named == name => error.because("FEDCRED_PROFILE names it"),
            _ => error,
        };
        if name.contains("://") {
            let setup = shell::command(["fedcred", "setup", "--idp-url", name]);
            return error.hint(format!("this is an address; to make a profile for it: {setup}"));
        }
        if let Some(user) = self.env.text("SUDO_USER").filter(|user| names.is_empty() && !user.is_empty()) {
            let user = printable(&user, 60);
            return error
                .because(format!("sudo runs this as root, and the configuration of {user} is not root's"))
                .hint("run it without sudo, or name the file: --config FILE");
        }
        let by_aws = self.env.text("AWS_PROFILE").filter(|aws| name == "default" && names.contains(&aws.as_str()));
        if let Some(aws) = by_aws {
            return error
                .because("AWS_PROFILE is for AWS's own tools")
                .hint(format!("name the profile: {}", fedcred(&["get"], &aws, &[])));
        }
        match (nearest(mistakes::bare_name(name), names.iter().copied()), &self.locations.user) {
            (Some(near), _) => error.hint(format!("did you mean {near:?}?")),
            (None, Some(_)) if name == "default" && !names.is_empty() => {
                error.hint(format!("name one of them: {}", shell::command(["--profile", names[0]])))
            }
            (None, Some(path)) => {
                let path = self.locations.shown(path);
                error.hint(format!("fedcred setup; or write [profile.NAME] and [profile.NAME.saml] into {path}"))
            }
            (None, None) => error.hint(format!("name a file with --config, or set {HOME}")),
        }
    }

    fn looked_in(&self) -> Vec<String> {
        let places = self.locations.user.iter().chain(&self.locations.machine);
        places
            .map(|path| {
                let shown = printable(&self.locations.shown(path), 300);
                let exists = self.files.iter().any(|file| file.shown == shown);
                if exists { shown } else { format!("{shown} (not there)") }
            })
            .collect()
    }
}

fn included(profile: &Node) -> Option<&str> {
    text(profile, "include")
}

fn stood_on(profile: &Node) -> Option<&str> {
    let Value::Table(table) = &profile.value else { return None };
    text(table.get("assume_role")?, "source_profile")
}

/// Returns the text under a key of a table.
fn text<'n>(table: &'n Node, key: &str) -> Option<&'n str> {
    let Value::Table(table) = &table.value else { return None };
    match &table.get(key)?.value {
        Value::Text(name) => Some(name),
        _ => None,
    }
}
