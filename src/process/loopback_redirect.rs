//! Opens a secret address in the browser: by a page on loopback that redirects there redirect.
//!
//! Every user of the machine can read a browser's command line, and could use the address before the browser. So the command
//! line contains only the path of a file that nobody else can read, and the file the address of the page, which is useless
//! afterwards. The secret address itself is in no file.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::peers;
use crate::error::{Code, Error, Result};
use crate::file::private::Dir;
use crate::random;
use crate::secret::Secret;
use crate::time::{self, Deadline};

/// A page that waits for one visit.
pub struct LoopbackRedirect {
    listener: TcpListener,
    path: String,
    /// The file that leads to the page; removed when dropped.
    entrance: PathBuf,
}

const ENTRANCE: &str = "open.html";

impl LoopbackRedirect {
    /// `dir`: a directory of this user's alone, made if it is missing.
    pub fn open(dir: &Path) -> Result<LoopbackRedirect> {
        let unusable = |why: String| Error::new(Code::ListenFailed, "cannot wait for the browser").because(why);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| unusable(e.to_string()))?;
        listener.set_nonblocking(true).map_err(|e| unusable(e.to_string()))?;
        let port = listener.local_addr().map_err(|e| unusable(e.to_string()))?.port();
        let random = random::bytes::<16>().map_err(|e| unusable(e.to_string()))?;
        let path: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = format!("/{path}");
        let url = Url::parse(&format!("http://127.0.0.1:{port}{path}")).map_err(|e| unusable(e.to_string()))?;
        // Hexadecimal digits and a port need no quoting in HTML.
        let page =
            format!("<!doctype html><meta http-equiv=\"refresh\" content=\"0; url={url}\"><title>fedcred</title>\n");
        Dir::ours_alone(dir)?.replace(ENTRANCE, page.as_bytes())?;
        Ok(LoopbackRedirect { listener, path, entrance: dir.join(ENTRANCE) })
    }

    /// Returns what the browser has to open; `None` if the path has no URL.
    pub fn entrance(&self) -> Option<Url> {
        Url::from_file_path(&self.entrance).ok()
    }

    /// Waits for the visit and redirects it. Returns false if none came in time.
    pub fn redirect(self, to: &Secret, deadline: &Deadline) -> bool {
        while !deadline.has_passed() {
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    let is_ours = stream.local_addr().is_ok_and(|ours| peers::is_ours(ours, peer));
                    if is_ours && self.answer(stream, to).unwrap_or(false) {
                        return true;
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => time::pause(Duration::from_millis(20)),
                Err(_) => return false,
            }
        }
        false
    }

    /// Whether this is the expected visit, and not a browser's request for an icon.
    fn answer(&self, mut stream: TcpStream, to: &Secret) -> std::io::Result<bool> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let mut head = [0; 4096];
        let count = stream.read(&mut head)?;
        let line = String::from_utf8_lossy(&head[..count]);
        let is_ours = line.strip_prefix("GET ").is_some_and(|rest| rest.split(' ').next() == Some(&self.path));
        let end =
            "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        match is_ours {
            true => write!(stream, "HTTP/1.1 302 Found\r\nLocation: {}\r\n{end}", to.expose())?,
            false => write!(stream, "HTTP/1.1 404 Not Found\r\n{end}")?,
        }
        Ok(is_ours)
    }
}

impl Drop for LoopbackRedirect {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.entrance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(url: &Url, path: &str) -> String {
        let mut stream = TcpStream::connect(url.socket_addrs(|| None).unwrap()[0]).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn one_visitor_who_knows_the_path_is_sent_on_and_no_other() {
        let home = tempfile::tempdir().unwrap();
        let redirect = LoopbackRedirect::open(&home.path().join("ours")).unwrap();
        let entrance = redirect.entrance().unwrap().to_file_path().unwrap();
        let page = std::fs::read_to_string(&entrance).unwrap();
        let url = Url::parse(page.split_once("url=").unwrap().1.split('"').next().unwrap()).unwrap();
        let waiting = std::thread::spawn(move || {
            redirect.redirect(&Secret::new("https://there/?token=x".into()), &Deadline::after(Duration::from_secs(60)))
        });
        assert!(get(&url, "/favicon.ico").starts_with("HTTP/1.1 404"));
        assert!(get(&url, url.path()).contains("Location: https://there/?token=x\r\n"));
        assert!(waiting.join().unwrap());
        assert!(!entrance.exists());
        assert!(TcpStream::connect(url.socket_addrs(|| None).unwrap()[0]).is_err(), "nobody listens any more");
    }

    #[test]
    fn nobody_is_waited_for_without_end() {
        let home = tempfile::tempdir().unwrap();
        assert!(
            !LoopbackRedirect::open(&home.path().join("ours"))
                .unwrap()
                .redirect(&Secret::new("x".into()), &Deadline::after(Duration::ZERO))
        );
    }
}
