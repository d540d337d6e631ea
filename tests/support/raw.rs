//! A peer that says bytes, not HTTP: answers cut short, TLS alerts, proxies.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A listener on 127.0.0.1 that reads once from each connection, answers it, and hangs up.
pub struct Raw {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    /// `answer` gets the number of the connection, from 0, and what was read of it.
    pub fn start(answer: impl Fn(usize, &[u8]) -> Vec<u8> + Send + 'static) -> Raw {
        Raw::serve(move |number, heard, stream| {
            let _ = stream.write_all(&answer(number, heard));
        })
    }

    /// The same; what is done with the connection is `serve`'s own business.
    pub fn serve(serve: impl Fn(usize, &[u8], &mut TcpStream) + Send + 'static) -> Raw {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let journal = heard.clone();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let mut buffer = [0; 16 * 1024];
                let read = stream.read(&mut buffer).unwrap_or(0);
                journal.lock().unwrap().push(String::from_utf8_lossy(&buffer[..read]).into_owned());
                serve(number, &buffer[..read], &mut stream);
                let _ = stream.shutdown(Shutdown::Write);
                // What still comes is read, since closing over it would send a reset in place of the answer.
                stream.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
                while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
            }
        });
        Raw { port, heard }
    }

    /// The same as [`Raw::start`] within TLS.
    pub fn start_tls(config: Arc<rustls::ServerConfig>, answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Raw {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let journal = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let connection = rustls::ServerConnection::new(config.clone()).expect("a TLS connection");
                let mut stream = rustls::StreamOwned::new(connection, stream);
                let mut buffer = [0; 16 * 1024];
                let Ok(read) = stream.read(&mut buffer) else { continue };
                journal.lock().unwrap().push(String::from_utf8_lossy(&buffer[..read]).into_owned());
                let _ = stream.write_all(&answer(&buffer[..read]));
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Raw { port, heard }
    }

    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What came first on each connection.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// How many of them hold this, whatever the case.
    pub fn times(&self, text: &str) -> usize {
        let text = text.to_ascii_lowercase();
        self.heard().iter().filter(|heard| heard.to_ascii_lowercase().contains(&text)).count()
    }
}
