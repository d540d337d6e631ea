//! The end of setup: shows what will be written, asks, writes it, and prints commands to try.

use super::conversation::Conversation;
use super::draft::Draft;
use super::siblings::Sibling;
use super::{Login, nothing_is_written, wiring};
use crate::acquire::login;
use crate::cli::args::SecretStore;
use crate::cli::commands::login::{PATIENCE, keep, kept_where, logged_in};
use crate::cli::{output, prompt};
use crate::config::add::Addition;
use crate::config::aws_profile::Edit;
use crate::config::cache::CacheSettings;
use crate::config::profile::{ByHand, Profile};
use crate::error::Result;
use crate::identity::secret_store::Place;
use crate::quote::shell::{self, fedcred};
use crate::region::Region;

pub fn write(
    mut conversation: Conversation<'_>,
    made: &Login,
    draft: &Draft,
    siblings: &[Sibling],
    addition: Addition,
) -> Result<()> {
    let edit = conversation.aws_config(draft, siblings)?;
    let more: String = siblings.iter().map(Sibling::to_toml).collect();
    let desk = &mut conversation.desk;
    desk.say(&format!("\n{}:\n{}", addition.path.display(), plus(&format!("{}{more}", draft.to_toml()))));
    if let Some(edit) = edit.as_ref().filter(|edit| !edit.is_empty()) {
        desk.say(&format!("{}:\n{}", edit.path.display(), edit.diff()));
    }
    if !desk.confirm("Write this?", conversation.setup.yes)? {
        return Err(nothing_is_written(&conversation.setup));
    }
    // First the secret: a profile whose secret cannot be stored is not written.
    conversation.keep(made)?;
    let (profile, cache) = (addition.profile.clone(), addition.cache.clone());
    let path = addition.write()?;
    let desk = &mut conversation.desk;
    desk.say(&format!("profile {} written into {}", draft.name, path.display()));
    if !siblings.is_empty() {
        let names: Vec<&str> = siblings.iter().map(|sibling| sibling.name.as_str()).collect();
        desk.say(&format!("and {} for the other roles, with the same login: {}", siblings.len(), names.join(", ")));
    }
    conversation.write_aws_config(edit)?;
    conversation.log_in_at_browser(profile, &cache);
    conversation.what_to_try(&draft.name);
    output::write(&conversation.desk.take_said())
}

impl Conversation<'_> {
    /// Returns the change of `~/.aws/config`: the profile, and one for each of `siblings`. `None` with `--no-aws-config`.
    fn aws_config(&self, draft: &Draft, siblings: &[Sibling]) -> Result<Option<Edit>> {
        if self.setup.no_aws_config {
            return Ok(None);
        }
        let others = siblings.iter().map(|sibling| (sibling.name.as_str(), sibling.name.as_str()));
        let all: Vec<(&str, &str)> = std::iter::once((self.aws_profile.as_str(), &*draft.name)).chain(others).collect();
        wiring::edit(&all, draft.region.as_ref().map(Region::as_str), self.explicit, self.env).map(Some)
    }

    fn keep(&mut self, login: &Login) -> Result<()> {
        let Some((account, texts)) = &login.kept else { return Ok(()) };
        let keep_in = |store: SecretStore, env| -> Result<Place> {
            let mut kept = keep(store, account, &texts[0], env);
            for text in &texts[1..] {
                kept = kept.or_else(|_| keep(store, account, text, env));
            }
            kept
        };
        let place = match keep_in(login.store, self.env) {
            Ok(place) => place,
            Err(error) => {
                let store = self.another_store(error)?;
                keep_in(store, self.env)?
            }
        };
        self.desk.say(kept_where(&place).trim_end());
        Ok(())
    }

    fn write_aws_config(&mut self, edit: Option<Edit>) -> Result<()> {
        if let Some(edit) = edit.filter(|edit| !edit.is_empty()) {
            let (path, name) = (edit.path.display().to_string(), &self.aws_profile);
            let said = match edit.write()? {
                Some(backup) => {
                    format!("profile {name} written into {path}; its previous version: {}", backup.display())
                }
                None => format!("profile {name} written into {path}"),
            };
            self.desk.say(&said);
        }
        Ok(())
    }

    /// Logs in as `fedcred login` does, where only that opens a browser: with its session of just now, so that nobody is asked
    /// again. The lines to try then work.
    fn log_in_at_browser(&mut self, mut profile: Profile, cache: &CacheSettings) {
        if profile.by_hand() != ByHand::Browser {
            return;
        }
        profile.deadline = profile.deadline.max(PATIENCE);
        let said = match login::log_in(&profile, cache, self.env, None, Some(&prompt::Terminal)) {
            Ok(credentials) => logged_in(&profile, &credentials).trim_end().to_owned(),
            Err(error) => {
                format!("not logged in yet: {}; log in: {}", error.what, fedcred(&["login"], &profile.name, &[]))
            }
        };
        self.desk.say(&said);
    }

    /// Says what to try: get credentials, call AWS with them, and check a login that fails.
    fn what_to_try(&mut self, profile: &str) {
        if !self.setup.no_aws_config
            && let Some(said) = wiring::ask_aws_cli(&self.aws_profile, self.env)
        {
            self.desk.say(&said);
        }
        self.desk.say(&format!("try it: {}", fedcred(&["get"], profile, &[])));
        if !self.setup.no_aws_config {
            let words = ["aws", "--profile", &self.aws_profile, "sts", "get-caller-identity"];
            self.desk.say(&format!("        {}", shell::command(words)));
        }
        self.desk.say(&format!("        {}", fedcred(&["doctor"], profile, &[])));
    }
}

fn plus(lines: &str) -> String {
    lines.lines().map(|line| format!("+{line}\n")).collect()
}
