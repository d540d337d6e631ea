//! Waits for the end of another process and for signals, and leaves the session of the terminal.

use crate::error::{Code, Error, Result};

#[cfg(unix)]
pub use self::unix::{Watch, ignore_stop_signals, leave_session, stop_signal};

#[cfg(unix)]
mod unix {
    #[cfg(target_os = "linux")]
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::process::{Pid, setsid, test_kill_process};
    #[cfg(target_os = "linux")]
    use tokio::io::{Interest, unix::AsyncFd};
    use tokio::signal::unix::{SignalKind, signal};

    use super::*;

    /// Begins a session without a terminal. Does nothing in a process that leads its group.
    pub fn leave_session() {
        let _ = setsid();
    }

    /// A process to wait for that is not a child of this one.
    pub struct Watch {
        pid: Pid,
        #[cfg(target_os = "linux")]
        pidfd: Option<OwnedFd>,
    }

    /// How often to look for the end where the kernel does not report it (Linux before 5.3).
    const LOOK: Duration = Duration::from_millis(500);

    impl Watch {
        pub fn of(pid: u32) -> Result<Self> {
            let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
            let pid = raw.ok_or_else(|| Error::new(Code::Bug, "no process has that number"))?;
            Ok(Watch {
                pid,
                #[cfg(target_os = "linux")]
                pidfd: rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::NONBLOCK).ok(),
            })
        }

        /// Completes when the process has ended, or has become another user's.
        pub async fn ended(self) {
            #[cfg(target_os = "linux")]
            if let Some(pidfd) = self.pidfd.and_then(readable) {
                let _ = pidfd.readable().await;
                return;
            }
            while test_kill_process(self.pid).is_ok() {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// A process file descriptor becomes readable when its process ends (pidfd_open(2)).
    #[cfg(target_os = "linux")]
    #[allow(unsafe_code, reason = "tokio trusts that the descriptor is not closed before it is deregistered")]
    fn readable(pidfd: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
        // SAFETY: the `OwnedFd` moves into the `AsyncFd`, and nothing else has its number.
        unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) }.ok()
    }

    /// Keeps signals from ending this process from now on.
    pub fn ignore_stop_signals() -> Result<()> {
        // Tokio's handlers stay after the listeners are dropped.
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        kinds.into_iter().try_for_each(|kind| signal(kind).map(drop)).map_err(unheard)
    }

    /// Completes at SIGTERM or SIGINT. SIGHUP is left as it was found, for `nohup`.
    pub async fn stop_signal() -> Result<()> {
        let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
        std::future::poll_fn(|context| match terminate.poll_recv(context) {
            std::task::Poll::Pending => interrupt.poll_recv(context),
            ready => ready,
        })
        .await;
        Ok(())
    }

    fn unheard(why: std::io::Error) -> Error {
        Error::new(Code::Bug, "signals cannot be listened to").because(why.to_string())
    }
}

#[cfg(windows)]
pub use self::windows::{ConsoleEvents, stop_signal};

#[cfg(windows)]
mod windows {
    use std::task::{Context, Poll};

    use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

    use super::*;

    /// The events of a console: Ctrl-C and Ctrl-Break, the end of its window, the user's logoff, the machine's shutdown. While
    /// they are listened to, none of them ends this process at once.
    pub struct ConsoleEvents {
        interrupt: CtrlC,
        end: CtrlBreak,
        close: CtrlClose,
        logoff: CtrlLogoff,
        shutdown: CtrlShutdown,
    }

    impl ConsoleEvents {
        pub fn listen() -> Result<Self> {
            let all = || {
                Ok(ConsoleEvents {
                    interrupt: ctrl_c()?,
                    end: ctrl_break()?,
                    close: ctrl_close()?,
                    logoff: ctrl_logoff()?,
                    shutdown: ctrl_shutdown()?,
                })
            };
            all().map_err(|why: std::io::Error| {
                Error::new(Code::Bug, "console events cannot be listened to").because(why.to_string())
            })
        }

        fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
            let all = [
                self.interrupt.poll_recv(context),
                self.end.poll_recv(context),
                self.close.poll_recv(context),
                self.logoff.poll_recv(context),
                self.shutdown.poll_recv(context),
            ];
            if all.iter().any(Poll::is_ready) { Poll::Ready(()) } else { Poll::Pending }
        }
    }

    /// Completes at any of them.
    pub async fn stop_signal() -> Result<()> {
        let mut events = ConsoleEvents::listen()?;
        std::future::poll_fn(|context| events.poll(context)).await;
        Ok(())
    }
}
