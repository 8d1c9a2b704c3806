//! The proxy: what each kind of harm is for the two sides.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use flashbid_testbed::{Proxy, eventually};

/// Answers each byte with its successor, and counts them.
struct Echo {
    port: u16,
    seen: Arc<AtomicU64>,
}

static PATIENCE: LazyLock<Duration> = LazyLock::new(|| Duration::from_secs(20));

impl Echo {
    fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let seen = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let count = Arc::clone(&count);
                std::thread::spawn(move || -> io::Result<()> {
                    let mut stream = stream?;
                    let mut byte = [0];
                    while stream.read(&mut byte)? == 1 {
                        count.fetch_add(1, Ordering::SeqCst);
                        stream.write_all(&[byte[0] + 1])?;
                    }
                    Ok(())
                });
            }
        });
        Ok(Self { port, seen })
    }

    fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }
}

fn connect(proxy: &Proxy) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(proxy.address())?;
    stream.set_read_timeout(Some(*PATIENCE))?;
    Ok(stream)
}

/// What comes back for a byte; `None` if the connection ends instead.
fn ask(stream: &mut TcpStream, byte: u8) -> Option<u8> {
    stream.write_all(&[byte]).ok()?;
    let mut answer = [0];
    (stream.read(&mut answer).ok()? == 1).then_some(answer[0])
}

#[test]
fn it_passes_what_is_sent() -> io::Result<()> {
    let echo = Echo::start()?;
    let proxy = Proxy::start(echo.port);
    let mut stream = connect(&proxy)?;
    assert_eq!(ask(&mut stream, 1), Some(2));
    assert_eq!(
        proxy.url(&format!("redis://127.0.0.1:{}/0", echo.port)),
        format!("redis://{}/0", proxy.address())
    );
    Ok(())
}

#[test]
fn a_cut_ends_connections_and_lets_new_ones_pass() -> io::Result<()> {
    let echo = Echo::start()?;
    let proxy = Proxy::start(echo.port);
    let mut stream = connect(&proxy)?;
    assert_eq!(ask(&mut stream, 1), Some(2));
    proxy.cut();
    proxy.await_cut_after(0);
    assert_eq!(ask(&mut stream, 1), None);
    assert_eq!(ask(&mut connect(&proxy)?, 1), Some(2));
    Ok(())
}

#[test]
fn a_lost_answer_is_of_a_request_that_arrived() -> io::Result<()> {
    let echo = Echo::start()?;
    let proxy = Proxy::start(echo.port);
    proxy.cut_before_answer();
    assert_eq!(ask(&mut connect(&proxy)?, 1), None);
    assert_eq!(echo.seen(), 1);
    assert_eq!(ask(&mut connect(&proxy)?, 1), Some(2), "only once");
    assert_eq!(proxy.cuts(), 1);
    Ok(())
}

#[test]
fn a_lost_request_never_arrived() -> io::Result<()> {
    let echo = Echo::start()?;
    let proxy = Proxy::start(echo.port);
    proxy.cut_before_request();
    assert_eq!(ask(&mut connect(&proxy)?, 1), None);
    assert_eq!(echo.seen(), 0);
    assert_eq!(ask(&mut connect(&proxy)?, 1), Some(2), "only once");
    Ok(())
}

#[test]
fn refusing_spares_the_connections_there_are() -> io::Result<()> {
    let echo = Echo::start()?;
    let proxy = Proxy::start(echo.port);
    let mut stream = connect(&proxy)?;
    assert_eq!(ask(&mut stream, 1), Some(2));
    proxy.refuse();
    assert!(connect(&proxy).is_err());
    assert_eq!(ask(&mut stream, 1), Some(2));
    proxy.go_down();
    proxy.await_cut_after(0);
    assert_eq!(ask(&mut stream, 1), None);
    proxy.pass();
    assert_eq!(ask(&mut connect(&proxy)?, 1), Some(2));
    Ok(())
}

#[test]
fn what_was_stalled_arrives_later() -> io::Result<()> {
    let echo = Echo::start()?;
    let proxy = Proxy::start(echo.port);
    let mut stream = connect(&proxy)?;
    proxy.stall();
    stream.write_all(&[1])?;
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    assert!(stream.read(&mut [0]).is_err());
    proxy.pass();
    stream.set_read_timeout(Some(*PATIENCE))?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    assert_eq!(answer, [2]);
    Ok(())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a delay is time that passes")]
fn a_delay_holds_back_both_ways() -> io::Result<()> {
    let echo = Echo::start()?;
    let proxy = Proxy::start(echo.port);
    let mut stream = connect(&proxy)?;
    proxy.delay(Duration::from_millis(50));
    let begin = std::time::Instant::now();
    assert_eq!(ask(&mut stream, 1), Some(2));
    assert!(begin.elapsed() >= Duration::from_millis(100));
    Ok(())
}

#[test]
fn nothing_listens_after_it_is_dropped() -> io::Result<()> {
    let echo = Echo::start()?;
    let proxy = Proxy::start(echo.port);
    let address = proxy.address();
    drop(proxy);
    eventually("the port to be closed", || {
        TcpStream::connect(&address).is_err().then_some(())
    });
    Ok(())
}
