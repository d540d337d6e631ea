//! The parts of `sub` that differ in the next run of the same job, for which a policy needs a wildcard.

use serde::Deserialize;

use super::Issuer;

/// A part of `sub` that differs in the next run.
#[derive(Debug, Deserialize)]
pub(super) struct Varies {
    after: Option<String>,
    up_to: Option<char>,
    after_last: Option<String>,
}

impl Issuer {
    /// Returns `sub` as a pattern, with `*` for each part that differs in the next run. `None` if no part does.
    pub fn without_run(&self, subject: &str) -> Option<String> {
        let mut open: Vec<(usize, usize)> = Vec::new();
        for varies in &self.varies {
            let start = match (&varies.after, &varies.after_last) {
                (Some(after), _) => subject.find(after.as_str()).map(|at| at + after.len()),
                (None, Some(last)) => subject.rfind(last.as_str()).map(|at| at + last.len()),
                (None, None) => None,
            };
            let Some(start) = start else { continue };
            let end = varies.up_to.and_then(|end| subject[start..].find(end)).map_or(subject.len(), |at| start + at);
            if start < end {
                open.push((start, end));
            }
        }
        open.sort_unstable();
        let mut pattern = String::new();
        let mut done = 0;
        for (start, end) in &open {
            if *start >= done {
                pattern.push_str(&crate::trust::pattern::guarded(&subject[done..*start]));
                pattern.push('*');
                done = *end;
            }
        }
        pattern.push_str(&crate::trust::pattern::guarded(&subject[done..]));
        (!open.is_empty()).then_some(pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::super::of;

    #[test]
    fn what_is_another_in_the_next_run_is_left_open() {
        let table = [
            (
                "app.terraform.io",
                "organization:a:project:p:workspace:w:run_phase:plan",
                Some("organization:a:project:p:workspace:w:run_phase:*"),
            ),
            ("app.terraform.io", "organization:a:project:p:workspace:w:run_phase:", None),
            (
                "agent.buildkite.com",
                "organization:a:pipeline:p:ref:refs/heads/main:commit:9f:step:build",
                Some("organization:a:pipeline:p:ref:refs/heads/main:commit:*:step:*"),
            ),
            ("oidc.circleci.com/org/1", "org/1/project/2/user/3", Some("org/1/project/2/user/*")),
            (
                "oidc.circleci.com/org/1",
                "org/1/project/2/user/3/vcs-origin/github.com/a/b/vcs-ref/refs/heads/main",
                Some("org/1/project/2/user/*/vcs-origin/github.com/a/b/vcs-ref/refs/heads/main"),
            ),
            ("api.bitbucket.org/2.0/workspaces/a/pipelines-config/identity/oidc", "{r}:{s}", Some("{r}:*")),
            ("api.bitbucket.org/2.0/workspaces/a/pipelines-config/identity/oidc", "{r}:{e}:{s}", Some("{r}:{e}:*")),
            (
                "token.actions.githubusercontent.com",
                "repo:o/r:ref:refs/pull/12/merge",
                Some("repo:o/r:ref:refs/pull/*/merge"),
            ),
            ("token.actions.githubusercontent.com", "repo:o/r:ref:refs/heads/main", None),
            ("token.actions.githubusercontent.com", "repo:o/r:pull_request", None),
            ("gitlab.com", "project_path:g/p:ref_type:tag:ref:v1", Some("project_path:g/p:ref_type:tag:ref:*")),
            ("app.terraform.io", "organization:a*:run_phase:plan", Some("organization:a${*}:run_phase:*")),
            ("corp.okta.com", "alice", None),
        ];
        for (provider, subject, expected) in table {
            assert_eq!(of(provider).without_run(subject).as_deref(), expected, "{subject}");
        }
    }
}
