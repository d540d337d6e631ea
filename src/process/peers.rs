//! Decides who may stay connected to a listener on loopback, so that no process can keep others out by connecting.
//!
//! Connections of other users are closed at once, where Linux shows whose they are. The rest form a [`Crowd`] of limited size:
//! to make room for a new one, the oldest that has asked nothing is closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::task::AbortHandle;

/// Whether the process at the other end of a connection runs as this user or as root. True if that is unknown: in some
/// sandboxes, and on other systems.
pub fn is_ours(ours: SocketAddr, peer: SocketAddr) -> bool {
    #[cfg(target_os = "linux")]
    if let Some(uid) = sock_diag::owner(peer, ours) {
        let is_ours = uid == 0 || uid == rustix::process::geteuid().as_raw();
        if !is_ours {
            tracing::warn!(uid, "a connection of another user is not answered");
        }
        return is_ours;
    }
    let _ = (ours, peer);
    true
}

/// What a connection is doing.
#[derive(Debug, Default)]
pub struct Stage(AtomicU8);

const ASKED_NOTHING: u8 = 0;
const IS_ANSWERED: u8 = 1;
const IS_IDLE: u8 = 2;

impl Stage {
    /// Notes that a request has come. Until [`Stage::idle`] the connection keeps its place.
    pub fn asked(&self) {
        self.0.store(IS_ANSWERED, Ordering::Relaxed);
    }

    pub fn idle(&self) {
        self.0.store(IS_IDLE, Ordering::Relaxed);
    }

    /// Whether a whole request has ever come.
    pub fn has_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed) != ASKED_NOTHING
    }
}

/// The connections that are open, oldest first.
#[derive(Debug)]
pub struct Crowd {
    limit: usize,
    members: Vec<(AbortHandle, Arc<Stage>)>,
}

impl Crowd {
    pub fn new(limit: usize) -> Crowd {
        Crowd { limit, members: Vec::new() }
    }

    /// Makes room for one more by closing the oldest that has asked nothing, else the oldest that is idle. Returns false if all
    /// are being answered.
    pub fn make_room(&mut self) -> bool {
        self.members.retain(|(task, _)| !task.is_finished());
        self.members.len() < self.limit || self.end_one()
    }

    /// Closes one connection that may be closed, for its place or its descriptor. Returns false if there is none.
    pub fn end_one(&mut self) -> bool {
        let at = |wanted: u8| self.members.iter().position(|(_, stage)| stage.0.load(Ordering::Relaxed) == wanted);
        let Some(at) = at(ASKED_NOTHING).or_else(|| at(IS_IDLE)) else { return false };
        self.members.remove(at).0.abort();
        true
    }

    pub fn add(&mut self, task: AbortHandle, stage: Arc<Stage>) {
        self.members.push((task, stage));
    }
}

/// Asks for the owner of a socket by sock_diag(7), which finds it by its addresses: `/proc/net/tcp` has the same data, but
/// would have to be read whole for each connection.
#[cfg(target_os = "linux")]
mod sock_diag {
    use std::io::Read;
    use std::net::{IpAddr, SocketAddr};

    use socket2::{Domain, Protocol, Socket, Type};

    const AF_NETLINK: i32 = 16;
    const NETLINK_SOCK_DIAG: i32 = 4;
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLM_F_REQUEST: u16 = 1;
    const AF_INET: u8 = 2;
    const AF_INET6: u8 = 10;
    const TCP: u8 = 6;
    /// The length of `struct nlmsghdr`; the offset of `idiag_uid` in `struct inet_diag_msg` behind it.
    const HEADER: usize = 16;
    const UID: usize = HEADER + 64;

    /// Returns the user id of the TCP socket at `local` that is connected to `remote`; `None` if there is none, or if the
    /// kernel does not answer.
    pub fn owner(local: SocketAddr, remote: SocketAddr) -> Option<u32> {
        let mut socket =
            Socket::new(Domain::from(AF_NETLINK), Type::DGRAM, Some(Protocol::from(NETLINK_SOCK_DIAG))).ok()?;
        socket.set_nonblocking(true).ok()?;
        // The kernel has answered before the call returns.
        socket.send(&request(local, remote)).ok()?;
        let mut answer = [0; 512];
        let length = socket.read(&mut answer).ok()?;
        let answer = answer.get(..length)?;
        if answer.get(4..6)? != SOCK_DIAG_BY_FAMILY.to_ne_bytes() {
            return None;
        }
        Some(u32::from_ne_bytes(answer.get(UID..UID + 4)?.try_into().ok()?))
    }

    /// Returns `struct nlmsghdr` and `struct inet_diag_req_v2`.
    fn request(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
        let mut id = Vec::with_capacity(56);
        id.extend([if local.is_ipv4() { AF_INET } else { AF_INET6 }, TCP, 0, 0]);
        // In any state.
        id.extend(u32::MAX.to_ne_bytes());
        id.extend(local.port().to_be_bytes());
        id.extend(remote.port().to_be_bytes());
        id.extend(address(local.ip()));
        id.extend(address(remote.ip()));
        // At any interface, with any cookie.
        id.extend(0u32.to_ne_bytes());
        id.extend([0xff; 8]);
        let mut message = Vec::with_capacity(HEADER + id.len());
        message.extend(u32::try_from(HEADER + id.len()).unwrap_or_default().to_ne_bytes());
        message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        message.extend(NLM_F_REQUEST.to_ne_bytes());
        message.extend([0; 8]);
        message.extend(id);
        message
    }

    fn address(ip: IpAddr) -> [u8; 16] {
        match ip {
            IpAddr::V6(ip) => ip.octets(),
            IpAddr::V4(ip) => {
                let mut all = [0; 16];
                all[..4].copy_from_slice(&ip.octets());
                all
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_in_and_what_is_answered_stays() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut crowd = Crowd::new(3);
            let join = |crowd: &mut Crowd| {
                let stage = Arc::new(Stage::default());
                let task = tokio::spawn(std::future::pending::<()>());
                assert!(crowd.make_room());
                crowd.add(task.abort_handle(), stage.clone());
                (task, stage)
            };
            let all = [join(&mut crowd), join(&mut crowd), join(&mut crowd)];
            all[0].1.asked();
            all[1].1.asked();
            all[1].1.idle();
            // First the one that asked nothing, then the idle one; the one that is answered stays.
            let fourth = join(&mut crowd);
            tokio::task::yield_now().await;
            assert_eq!(all.each_ref().map(|(task, _)| task.is_finished()), [false, false, true]);
            fourth.1.asked();
            let fifth = join(&mut crowd);
            fifth.1.asked();
            tokio::task::yield_now().await;
            assert_eq!(all.each_ref().map(|(task, _)| task.is_finished()), [false, true, true]);
            assert!(!crowd.make_room(), "all are being answered");
            all[0].0.abort();
            tokio::task::yield_now().await;
            assert!(crowd.make_room(), "one has ended");
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_whose_a_connection_is() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = std::net::TcpListener::bind(address) else { continue };
            let ours = listener.local_addr().unwrap();
            let client = std::net::TcpStream::connect(ours).unwrap();
            let peer = client.local_addr().unwrap();
            let us = rustix::process::geteuid().as_raw();
            assert_eq!(sock_diag::owner(peer, ours), Some(us), "{address}");
            assert!(is_ours(ours, peer));
            let nobody = SocketAddr::new(ours.ip(), 1);
            assert_eq!(sock_diag::owner(nobody, ours), None);
        }
    }
}
