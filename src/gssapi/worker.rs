//! A thread for one exchange, because the library waits for KDCs as long as it likes (27 s measured) and cannot be interrupted.
//!
//! The context never leaves its thread. When the deadline passes the thread is left behind: it holds nothing that
//! anyone waits for, and ends with the process or with the library's own patience. Otherwise it is waited for: a process that
//! ends meanwhile takes the library apart under it (MIT's then aborts: "k5_mutex_lock: Assertion `r == 0' failed").

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};

use super::initiator::Initiator;
use super::library::Library;
use super::{Request, Step};
use crate::error::{Code, Error, Result, printable};
use crate::time::Deadline;

/// One exchange with one server. Dropping it ends it.
pub struct Negotiation {
    /// `None` once it is over.
    received: Option<Sender<Option<Vec<u8>>>>,
    steps: Receiver<Result<Step>>,
    /// `None` when it is left behind.
    thread: Option<JoinHandle<()>>,
    host: String,
    has_begun: bool,
}

impl Negotiation {
    /// Loads the library; asks nobody yet.
    ///
    /// Errors: [`Code::GssapiMissing`].
    pub fn start(request: Request) -> Result<Self> {
        let library = Library::get()?;
        let host = printable(&request.host, 255);
        let (received, inbox) = mpsc::channel();
        let (outbox, steps) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("gssapi".into())
            .spawn(move || run(library, request, &inbox, &outbox))
            .map_err(|error| Error::new(Code::Bug, "no thread can be started").because(error.to_string()))?;
        Ok(Negotiation { received: Some(received), steps, thread: Some(thread), host, has_begun: false })
    }

    /// The next token for the server: first with nothing, then with each token that the server sends.
    ///
    /// An error ends the exchange. Before anything was sent: no-kerberos-ticket, kerberos-ticket-expired,
    /// keytab-unusable, kdc-unreachable (also when the deadline passes), kdc-refused, clock-skew, config-unreadable.
    /// On the server's token: kerberos-rejected when it says why it refuses the ticket, else mutual-auth-failed.
    pub fn step(&mut self, received: Option<&[u8]>, deadline: &Deadline) -> Result<Step> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if is_first {
            tracing::debug!("asking the KDC for a ticket for HTTP/{}", self.host);
        }
        // A worker that has ended is noticed below: its last word, if any, is in the channel.
        let _ = self.received.as_ref().map(|worker| worker.send(received.map(<[u8]>::to_vec)));
        match self.steps.recv_timeout(deadline.remaining()) {
            Ok(step) => step,
            Err(RecvTimeoutError::Timeout) => {
                self.thread = None;
                Err(match is_first {
                    true => kdc_silent(&self.host, deadline),
                    false => deadline.error(&format!("finishing the Kerberos exchange with {}", self.host)),
                })
            }
            Err(RecvTimeoutError::Disconnected) => Err(Error::new(Code::Bug, "the Kerberos exchange is already over")),
        }
    }
}

impl Drop for Negotiation {
    fn drop(&mut self) {
        self.received = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(library: &'static Library, request: Request, inbox: &Receiver<Option<Vec<u8>>>, outbox: &Sender<Result<Step>>) {
    let Ok(first) = inbox.recv() else { return };
    let mut initiator = match Initiator::new(library, request) {
        Ok(initiator) => initiator,
        Err(error) => {
            let _ = outbox.send(Err(error)); // whoever asked may have gone
            return;
        }
    };
    let mut next = Some(first);
    while let Some(received) = next {
        let step = initiator.step(received.as_deref());
        let is_over = step.as_ref().map_or(true, |step| step.complete);
        if outbox.send(step).is_err() || is_over {
            return;
        }
        next = inbox.recv().ok();
    }
}

fn kdc_silent(host: &str, deadline: &Deadline) -> Error {
    Error::new(Code::KdcUnreachable, format!("no KDC answered a request for a ticket for HTTP/{host}"))
        .because(deadline.error("waiting for the KDC").what)
        .hint("check the network (VPN?) and `kdc =` in krb5.conf; `KRB5_TRACE=/dev/stderr kinit` shows which servers are contacted")
}
