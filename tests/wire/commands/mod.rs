//! The other commands, and what they print.

mod doctor;
mod doctor_logins;
#[cfg(unix)]
mod front;
#[cfg(target_os = "linux")]
mod login;
#[cfg(unix)]
mod look;
mod output;
#[cfg(target_os = "linux")]
mod progress;
mod refresh;
#[cfg(unix)]
mod schedule;
#[cfg(target_os = "linux")]
mod shown;
mod status;
