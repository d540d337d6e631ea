//! What the machines of a fleet share, in Redis or Valkey: sealed records, and the lease of a login. This file and its child
//! are the only ones that name the crate `redis`.
//!
//! A separate thread talks to the server: if a resolver, a handshake or the server hangs, the caller waits no longer
//! than the budget. All names of one login identity begin `PREFIX:{DIGEST}:`, so that a cluster keeps them in one slot
//! and the scripts ([`super::redis_scripts`]) may use them together:
//!
//! | name | value | ends |
//! |---|---|---|
//! | `PREFIX:key` | the id of the sealing key in use | a week after its last use |
//! | `PREFIX:{LOGIN}:lock` | the token of the leader: the lease | [`LEASE`] after the leader's last sign of life |
//! | `PREFIX:{LOGIN}:lead` | `NUMBER:TOKEN` of the last leader: only it may write | 30 days after the last login |
//! | `PREFIX:{LOGIN}:names` | the records of this login, a set | the same |
//! | `PREFIX:{LOGIN}:DIGEST.KIND.v3` | a sealed record | with what is in it |
//!
//! The digests are MACs under the sealing key. Records are opaque here.

mod link;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use redis::{Cmd, FromRedisValue, RedisError};

use self::link::{Fault, Link};
use super::key::{FileName, LoginKey};
use super::redis_scripts as scripts;
use super::redis_server::Server;
use crate::error::{Code, Error, Result, printable};
use crate::hex;
use crate::random;
use crate::secret::Secret;
use crate::time::Deadline;

/// A leader loses the lease if it does not renew it for this long.
pub const LEASE: Duration = Duration::from_secs(5);
/// How often a leader renews its lease.
const SIGN_OF_LIFE: Duration = Duration::from_millis(1500);
/// The budget is waited for in this many parts, so that time in which a busy machine does not run this process is hardly
/// counted.
const SLICES: u32 = 10;
/// How long what a login has besides its records is kept, in seconds.
const UNUSED: u64 = 30 * 24 * 3600;

/// The right to write the records of one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    login: LoginKey,
    /// `NUMBER:TOKEN`. A later leader has a higher number.
    text: String,
}

impl Lead {
    fn token(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, token)| token)
    }
}

/// Sealed records, in the order in which they were asked for.
pub type Records = Vec<Option<Vec<u8>>>;

/// The shared store, as one process uses it.
pub struct RedisStore {
    jobs: Sender<Job>,
    budget: Duration,
    name: String,
}

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

impl RedisStore {
    /// Starts the thread; the server is not asked yet. `password` is called on the thread, for each connection. `keys`: the ids of
    /// this machine's sealing keys, first the one that it seals with.
    ///
    /// Errors: [`Code::Bug`] if no thread can be started.
    pub fn new(
        server: Server,
        keys: Vec<String>,
        password: impl Fn() -> Result<Option<Secret>> + Send + 'static,
    ) -> Result<RedisStore> {
        let (jobs, receiver) = channel();
        let (budget, name) = (server.budget, server.to_string());
        let worker = Worker { server, keys, password: Box::new(password), link: None, held: Vec::new() };
        std::thread::Builder::new()
            .name("redis".into())
            .spawn(move || worker.run(&receiver))
            .map_err(|e| Error::new(Code::Bug, "no thread can be started").because(e.to_string()))?;
        Ok(RedisStore { jobs, budget, name })
    }

    /// Reads these records of a login.
    pub fn look(&self, login: &LoginKey, names: &[FileName]) -> Result<Records> {
        let (login, names) = (*login, names.to_vec());
        self.ask(move |worker| worker.look(&login, &names))
    }

    /// Asks for the lease of a login once; `None` if another machine has it.
    pub fn lease(&self, login: &LoginKey, names: &[FileName]) -> Result<Option<(Lead, Records)>> {
        let (login, names) = (*login, names.to_vec());
        self.ask(move |worker| worker.lease(&login, &names))
    }

    /// Writes a record that is of use for `life`. Returns false, without writing, if another machine has led since.
    pub fn put(&self, lead: &Lead, name: &FileName, file: Vec<u8>, life: Duration) -> Result<bool> {
        let (lead, name) = (lead.clone(), *name);
        self.ask(move |worker| worker.put(&lead, &name, &file, life))
    }

    /// Gives the lease back.
    pub fn release(&self, lead: &Lead) -> Result<()> {
        let lead = lead.clone();
        self.ask(move |worker| worker.release(&lead))
    }

    /// Returns the names of the records that there may be of a login.
    pub fn names(&self, login: &LoginKey) -> Result<Vec<FileName>> {
        let login = *login;
        self.ask(move |worker| worker.names(&login))
    }

    /// Removes these records of a login. Returns how many there were.
    pub fn remove(&self, login: &LoginKey, names: Vec<FileName>) -> Result<usize> {
        let login = *login;
        self.ask(move |worker| worker.remove(&login, &names))
    }

    fn ask<T: Send + 'static>(&self, work: impl FnOnce(&mut Worker) -> Result<T> + Send + 'static) -> Result<T> {
        let (answer, answered): (SyncSender<Result<T>>, _) = sync_channel(1);
        // Sending the answer fails if the budget is over.
        let job: Job = Box::new(move |worker| drop(answer.send(work(worker))));
        let sent = self.jobs.send(job).is_ok();
        let mut waits = (0..SLICES).map(|_| answered.recv_timeout(self.budget / SLICES));
        match waits.find(|answer| !matches!(answer, Err(RecvTimeoutError::Timeout))) {
            Some(Ok(answer)) => answer,
            None if sent => Err(Error::new(
                Code::FleetUnreachable,
                format!("{} did not answer within {} ms", self.name, self.budget.as_millis()),
            )),
            _ => Err(Error::new(Code::FleetUnreachable, format!("{} cannot be asked any more", self.name))),
        }
    }
}

type Password = Box<dyn Fn() -> Result<Option<Secret>> + Send>;

/// The state of the thread.
struct Worker {
    server: Server,
    keys: Vec<String>,
    password: Password,
    link: Option<Link>,
    /// The leases of this process, which are renewed between jobs.
    held: Vec<Lead>,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Job>) {
        let mut renewal = Deadline::after(SIGN_OF_LIFE);
        loop {
            let job = match self.held.is_empty() {
                true => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => jobs.recv_timeout(renewal.remaining()),
            };
            match job {
                Ok(job) => job(&mut self),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if renewal.has_passed() {
                self.renew();
                renewal = Deadline::after(SIGN_OF_LIFE);
            }
        }
    }

    fn look(&mut self, login: &LoginKey, names: &[FileName]) -> Result<Records> {
        let keys: Vec<String> = names.iter().map(|name| self.key(login, name)).collect();
        self.query(redis::cmd("MGET").arg(keys))
    }

    fn lease(&mut self, login: &LoginKey, names: &[FileName]) -> Result<Option<(Lead, Records)>> {
        // Granted by an earlier request whose answer came too late for who asked.
        if let Some(lead) = self.held.iter().find(|lead| lead.login == *login).cloned() {
            return Ok(Some((lead, self.look(login, names)?)));
        }
        let token: [u8; 16] = random::bytes().map_err(|e| self.unreachable(&e.to_string()))?;
        let mut keys = vec![self.key(login, "lock"), self.key(login, "lead")];
        keys.extend(names.iter().map(|name| self.key(login, name)));
        let mut script = call(scripts::LEASE, &keys);
        script.arg(hex::encode(&token)).arg(LEASE.as_millis() as u64).arg(UNUSED);
        let answer: Option<(String, Records)> = self.query(&script)?;
        Ok(answer.map(|(text, records)| {
            let lead = Lead { login: *login, text };
            self.held.push(lead.clone());
            (lead, records)
        }))
    }

    fn put(&mut self, lead: &Lead, name: &FileName, file: &[u8], life: Duration) -> Result<bool> {
        let login = &lead.login;
        let keys = [self.key(login, "lead"), self.key(login, "names"), self.key(login, name)];
        let mut script = call(scripts::PUT, &keys);
        script.arg(&lead.text).arg(file).arg(life.as_millis().max(1) as u64).arg(name.to_string()).arg(UNUSED);
        script.arg(self.key(login, ""));
        self.query(&script)
    }

    fn release(&mut self, lead: &Lead) -> Result<()> {
        self.held.retain(|held| held != lead);
        let mut script = call(scripts::RELEASE, &[self.key(&lead.login, "lock")]);
        script.arg(lead.token());
        self.query(&script)
    }

    /// Prolongs the leases. A failure shows at the next write.
    fn renew(&mut self) {
        for lead in self.held.clone() {
            let mut script = call(scripts::RENEW, &[self.key(&lead.login, "lock")]);
            script.arg(lead.token()).arg(LEASE.as_millis() as u64);
            let _: Result<bool> = self.query(&script);
        }
    }

    fn names(&mut self, login: &LoginKey) -> Result<Vec<FileName>> {
        let names: Vec<String> = self.query(redis::cmd("SMEMBERS").arg(self.key(login, "names")))?;
        Ok(names.iter().filter_map(|name| FileName::parse(name)).collect())
    }

    fn remove(&mut self, login: &LoginKey, names: &[FileName]) -> Result<usize> {
        if names.is_empty() {
            return Ok(0);
        }
        let keys: Vec<String> = names.iter().map(|name| self.key(login, name)).collect();
        self.query(redis::cmd("DEL").arg(keys))
    }

    fn key(&self, login: &LoginKey, what: impl std::fmt::Display) -> String {
        format!("{}:{{{}}}:{what}", self.server.prefix, hex::encode(login.as_bytes()))
    }

    fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T> {
        if self.link.is_none() {
            self.link = Some(self.connect()?);
        }
        let Some(link) = &mut self.link else { return Err(self.unreachable("there is no connection")) };
        link.query(command).map_err(|why| {
            self.link = None;
            self.fault(&why)
        })
    }

    fn connect(&mut self) -> Result<Link> {
        let password = (self.password)()?;
        let mut link = Link::open(&self.server, password.as_ref().map(Secret::expose)).map_err(|why| match why {
            Fault::Redis(why) => self.fault(&why),
            Fault::Own(why) => why,
        })?;
        let mut script = call(scripts::KEY, &[format!("{}:key", self.server.prefix)]);
        script.arg(&self.keys);
        let other: Option<String> = link.query(&script).map_err(|why| self.fault(&why))?;
        match other {
            None => Ok(link),
            Some(other) => Err(Error::new(
                Code::FleetKeyDiffers,
                format!("{} is used with another sealing key than this machine has", self.server),
            )
            .because(format!(
                "its key is {}, this machine's {}",
                printable(&other, 32),
                self.keys.join(", ")
            ))),
        }
    }

    fn unreachable(&self, why: &str) -> Error {
        Error::new(Code::FleetUnreachable, format!("{} cannot be used", self.server)).because(printable(why, 300))
    }

    /// Classifies an error by its words: the error of a script has the code of the command that failed within it (Redis 6).
    fn fault(&self, why: &RedisError) -> Error {
        let text = format!("{} {why}", why.code().unwrap_or_default());
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let (code, what) = if says(&["NOAUTH", "WRONGPASS", "NOPERM", "authentication failed"]) {
            (Code::FleetRefused, "does not take the login, or a command")
        } else if says(&["READONLY", "NOREPLICAS"]) {
            (Code::FleetReadOnly, "takes no writes")
        } else if says(&["OOM", "MISCONF"]) {
            (Code::FleetFull, "has no room")
        } else {
            (Code::FleetUnreachable, "cannot be used")
        };
        let error = Error::new(code, format!("{} {what}", self.server)).because(printable(text.trim(), 300));
        match says(&["certificate", "UnknownIssuer"]) {
            true => error.hint("name the certificates that it is signed by: `cache.store_ca_bundle`"),
            false => error,
        }
    }
}

/// Returns the call of a script with these names; the caller adds the arguments.
fn call(script: &str, names: &[String]) -> Cmd {
    let mut call = redis::cmd("EVAL");
    call.arg(script).arg(names.len()).arg(names);
    call
}
