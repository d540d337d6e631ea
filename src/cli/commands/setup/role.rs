//! The choice of the profile's role and region.

use std::collections::{BTreeMap, BTreeSet};

use super::conversation::Conversation;
use super::draft::Draft;
use super::{Login, wiring};
use crate::acquire::console;
use crate::acquire::proof::Proof;
use crate::arn::{Partition, RoleArn};
use crate::error::{Code, Error, Result, printable};
use crate::identity::saml::Assertion;
use crate::identity::saml::roles;
use crate::region::Region;
use crate::time;

impl Conversation<'_> {
    /// Returns the draft with a region and its role: the one that was given, the only one on offer, or the one chosen now.
    pub fn choose_role(&mut self, login: &Login) -> Result<Draft> {
        let mut draft = login.draft.clone();
        if let Proof::Assertion(assertion) = &login.proof {
            assertion.response.preflight(assertion.idp_time.unwrap_or_else(time::now))?;
            draft.role_arn = Some(self.role_on_offer(&draft, assertion)?.to_string());
        }
        let partition = draft.role_arn.as_deref().and_then(|arn| RoleArn::parse(arn).ok()).map(|role| role.partition);
        draft.region = match draft.region {
            Some(region) => Some(region),
            None => self.region(partition)?,
        };
        Ok(draft)
    }

    fn role_on_offer(&mut self, draft: &Draft, assertion: &Assertion) -> Result<RoleArn> {
        let offered: BTreeSet<String> =
            assertion.response.roles.iter().map(|offer| offer.role_arn.to_string()).collect();
        let offered: Vec<String> = offered.into_iter().collect();
        let wanted = match &draft.role_arn {
            Some(role) => Some(role.clone()),
            None if self.setup.all_roles.is_some() => offered.first().cloned(),
            None if offered.len() > 1 && self.desk.is_attended() => Some(self.picked(draft, assertion, offered)?),
            None => None,
        };
        let wanted = wanted.as_deref().map(RoleArn::parse).transpose()?;
        let offer = roles::choose(&assertion.response, wanted.as_ref(), None).map_err(|error| {
            if self.setup.role_arn.is_some() {
                return error;
            }
            error.hint(format!("choose one: {}", self.setup.again(&["--role-arn", "ARN"])))
        })?;
        Ok(offer.role_arn)
    }

    /// Asks for one of the roles; of several accounts, for the account first.
    fn picked(&mut self, draft: &Draft, assertion: &Assertion, mut offered: Vec<String>) -> Result<String> {
        let account_of = |arn: &str| RoleArn::parse(arn).map(|role| role.owner.to_string()).unwrap_or_default();
        let accounts: BTreeSet<String> = offered.iter().map(|arn| account_of(arn)).collect();
        if accounts.len() > 1 {
            let trial = draft.read_without_role(self.explicit, self.env)?;
            // AWS's page names the accounts, if it can be read.
            let aliases: BTreeMap<String, String> = console::aliases(&trial.profile, assertion, self.env)
                .map(|aliases| aliases.into_iter().map(|(id, alias)| (id.to_string(), alias)).collect())
                .unwrap_or_default();
            let accounts: Vec<String> = accounts.into_iter().collect();
            let alias = |id: &String| aliases.get(id).map(|alias| printable(alias, 60)).unwrap_or_default();
            let shown: Vec<String> =
                accounts.iter().map(|id| format!("{id} {}", alias(id)).trim_end().to_owned()).collect();
            let account = &accounts[self.desk.choose("Account", &shown)?];
            offered.retain(|arn| account_of(arn) == *account);
        }
        match offered.as_slice() {
            [only] => Ok(only.clone()),
            several => Ok(several[self.desk.choose("Role", several)?].clone()),
        }
    }

    /// Returns the region that was given, or asks for one with that of `[default]` as proposal.
    fn region(&mut self, partition: Option<Partition>) -> Result<Option<Region>> {
        let default = wiring::default_region(self.env);
        if !self.desk.is_attended() {
            return Ok(default);
        }
        let proposal = default.map(|region| region.to_string());
        let proposal = proposal.or_else(|| partition.map(|partition| partition.default_region().to_owned()));
        loop {
            let typed = self.desk.ask("Region", proposal.as_deref(), "--region REGION")?;
            match Region::parse(&typed) {
                Ok(region) => return Ok(Some(region)),
                Err(why) => {
                    self.desk.forget("Region");
                    let error = Error::new(Code::InvalidValue, format!("{:?}: {why}", printable(&typed, 60)));
                    self.desk.complain(error.hint(format!("a region such as {}", why.example())))?;
                }
            }
        }
    }
}
