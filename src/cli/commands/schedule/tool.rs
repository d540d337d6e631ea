//! The schedulers' own programs: systemctl, crontab, launchctl, schtasks.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::error::{Code, Error, Result, printable};

/// Runs `program` with `input` on its standard input, and returns what it prints.
///
/// Errors: [`Code::SchedulerFailed`] if it cannot be started or fails, with what it said.
pub fn run(program: &str, arguments: &[&str], input: Option<&str>) -> Result<String> {
    let failed = |why: String| {
        Error::new(Code::SchedulerFailed, format!("`{program} {}` failed", arguments.join(" "))).because(why)
    };
    let mut command = Command::new(program);
    // Its output is parsed, so it must be English.
    command.args(arguments).env("LC_ALL", "C").stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().map_err(|e| failed(e.to_string()))?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input.as_bytes()).map_err(|e| failed(e.to_string()))?;
    }
    let output = child.wait_with_output().map_err(|e| failed(e.to_string()))?;
    if !output.status.success() {
        let said = printable(&String::from_utf8_lossy(&output.stderr), 500);
        let error = failed(output.status.to_string());
        return Err(if said.is_empty() { error } else { error.because(said) });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
