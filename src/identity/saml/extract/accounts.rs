//! The aliases of accounts on the AWS sign-in page for a choice of roles: lines such as `Account: analytics (112233334444)`, or
//! `Account: 112233334444` for an account without an alias.

use std::time::Duration;

use zeroize::Zeroizing;

use super::product::Mark;
use super::tree::ROOT;
use super::{charset, fenced, html};
use crate::account_id::AccountId;
use crate::error::{Result, printable};

/// Returns account id and alias of each account that has one. Errors: those of [`super::read`].
pub fn aliases(body: Zeroizing<Vec<u8>>, limit: Duration) -> Result<Vec<(AccountId, String)>> {
    fenced::run(limit, move |deadline| {
        let (text, _) = charset::html(&body, None);
        let tree = html::read(&text, deadline)?;
        let mark = Mark::Class("saml-account-name");
        let names = tree.elements(ROOT).filter(|(id, element)| mark.fits(&tree, *id, element));
        Ok(names.filter_map(|(id, _)| alias(&tree.text_content(id))).collect())
    })
}

fn alias(line: &str) -> Option<(AccountId, String)> {
    let (alias, rest) = line.trim().split_once(':')?.1.rsplit_once('(')?;
    let id = AccountId::parse(rest.trim().strip_suffix(')')?)?;
    let alias = printable(alias, 100);
    let alias = alias.trim_end();
    (!alias.is_empty()).then(|| (id, alias.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_with_an_alias_are_named() {
        let page = r#"<fieldset><div class="saml-account"><div class="expandable-container">
            <div class="saml-account-name">Account: analytics-prod (112233334444)</div>
            <label for="arn:aws:iam::112233334444:role/Dev" class="saml-role-description">Dev</label></div></div>
            <div class="saml-account"><div class="saml-account-name">Account: 556677778888</div></div>
            <div class="saml-account"><div class="x saml-account-name">Konto: two words (999900001111) </div></div>
            <div class="saml-account-name">Account: x (12)</div></fieldset>"#;
        let found = aliases(Zeroizing::new(page.into()), Duration::from_secs(30)).unwrap();
        let expected = [("112233334444", "analytics-prod"), ("999900001111", "two words")];
        assert_eq!(found, expected.map(|(id, alias)| (AccountId::parse(id).unwrap(), alias.to_owned())));
    }
}
