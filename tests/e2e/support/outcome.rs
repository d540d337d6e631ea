//! How a run of a program ended, and what the contract says about that.

use serde_json::Value;

#[derive(Clone)]
pub struct Outcome {
    /// None: ended by a signal.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The credential_process JSON of a success: one line on stdout, nothing on stderr.
    #[track_caller]
    pub fn credentials(&self) -> Value {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        assert_eq!(self.stderr, "", "stderr is empty on success");
        assert_eq!(self.stdout.lines().count(), 1, "stdout is one line");
        let credentials: Value = serde_json::from_str(&self.stdout).expect("stdout is JSON");
        assert_eq!(credentials["Version"], 1);
        credentials
    }

    /// The JSON that another program printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).expect("stdout is JSON")
    }

    /// A failure with this code and exit status: named on stderr's first line, with a hint, and nothing on stdout.
    #[track_caller]
    pub fn fails_with(&self, code: &str, status: i32) {
        assert!(self.stderr.starts_with(&format!("error[{code}]: ")), "expected {code}, got:\n{}", self.stderr);
        assert_eq!(self.status, Some(status), "{}", self.stderr);
        assert!(self.stderr.contains("\nhint: "), "{}", self.stderr);
        assert!(self.stderr.len() <= 4096, "stderr has {} bytes", self.stderr.len());
        assert_eq!(self.stdout, "", "stdout is empty on failure");
    }
}
