//! Runs each exchange on a thread of its own, because the library may wait long for a KDC (27 s measured) and cannot be interrupted.
//!
//! The context never leaves its thread. When the deadline passes, the thread is left behind: nothing waits for it, and it
//! ends with the process or when the library gives up. Otherwise it is joined: if the process ended meanwhile, the library
//! would be unloaded while the thread uses it (MIT's then aborts: "k5_mutex_lock: Assertion `r == 0' failed").

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};

use super::initiator::Initiator;
use super::library::Library;
use super::{KDC_HINT, Request, Step};
use crate::error::{Code, Error, Result, printable};
use crate::time::Deadline;

/// One exchange with one server. Dropping it ends it.
pub struct Negotiation {
    /// `None` once the exchange is over.
    received: Option<Sender<Option<Vec<u8>>>>,
    steps: Receiver<Result<Step>>,
    /// `None` after it was left behind.
    thread: Option<JoinHandle<()>>,
    host: String,
    has_begun: bool,
}

impl Negotiation {
    /// Loads the library and starts the thread. Sends nothing yet.
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

    /// Returns the next token for the server: first without a received token, then with each token that the server sends.
    ///
    /// An error ends the exchange. Errors before anything was sent: no-kerberos-ticket, kerberos-ticket-expired,
    /// keytab-unusable, kdc-unreachable (also if the deadline passes), kdc-refused, clock-skew, config-unreadable.
    /// Errors for the server's token: kerberos-rejected if it says why it refuses the ticket, else mutual-auth-failed.
    pub fn step(&mut self, received: Option<&[u8]>, deadline: &Deadline) -> Result<Step> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if is_first {
            tracing::debug!("asking the KDC for a ticket for HTTP/{}", self.host);
        }
        // A thread that has ended is noticed below; its last result, if any, is in the channel.
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
            let _ = outbox.send(Err(error)); // the receiver may be gone
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
        .hint(KDC_HINT)
}
