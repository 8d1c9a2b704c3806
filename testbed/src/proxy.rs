use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::port::Port;
use crate::wait::eventually;

/// A TCP proxy before a server on this machine that does harm when told to.
///
/// It runs on a thread of its own, so that it works for blocking tests as well, and is gone when dropped.
#[derive(Debug)]
pub struct Proxy {
    port: Port,
    target: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    mode: watch::Sender<Mode>,
    /// Counts the calls of `cut`: a connection ends when it changes.
    generation: watch::Sender<u64>,
    open: AtomicBool,
    lose_answer: AtomicBool,
    lose_request: AtomicBool,
    cuts: AtomicU64,
    end: watch::Sender<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mode {
    refuse: bool,
    stall: bool,
    delay: Duration,
}

impl Proxy {
    /// Starts a proxy before a port of this machine.
    pub fn start(target: u16) -> Self {
        let port = Port::free();
        let state = Arc::new(State {
            mode: watch::Sender::new(Mode::default()),
            generation: watch::Sender::new(0),
            open: AtomicBool::new(false),
            lose_answer: AtomicBool::new(false),
            lose_request: AtomicBool::new(false),
            cuts: AtomicU64::new(0),
            end: watch::Sender::new(false),
        });
        let thread = std::thread::spawn({
            let (state, port) = (Arc::clone(&state), port.number());
            move || run(port, target, &state)
        });
        let proxy = Self {
            port,
            target,
            state,
            thread: Some(thread),
        };
        proxy.await_open(true);
        proxy
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// A URL of the server with the proxy in its place.
    ///
    /// # Panics
    ///
    /// If the URL is not one of the server.
    pub fn url(&self, url: &str) -> String {
        let target = format!("127.0.0.1:{}", self.target);
        assert!(url.contains(&target), "{url} does not lead to {target}");
        url.replace(&target, &self.address())
    }

    /// Does no harm from now on.
    pub fn pass(&self) {
        self.state.lose_answer.store(false, Ordering::SeqCst);
        self.state.lose_request.store(false, Ordering::SeqCst);
        self.state.mode.send_replace(Mode::default());
        self.await_open(true);
    }

    /// Closes all connections now; new ones are made.
    pub fn cut(&self) {
        self.state
            .generation
            .send_modify(|generation| *generation += 1);
    }

    /// Refuses new connections until [`Proxy::pass`]; those that exist go on.
    pub fn refuse(&self) {
        self.state.mode.send_modify(|mode| mode.refuse = true);
        self.await_open(false);
    }

    /// The server seems dead until [`Proxy::pass`]: no connection stays, no new one is made.
    pub fn go_down(&self) {
        self.refuse();
        self.cut();
    }

    /// Forwards nothing more, in either direction, until [`Proxy::pass`]: the network is gone and
    /// nobody says so.
    pub fn stall(&self) {
        self.state.mode.send_modify(|mode| mode.stall = true);
    }

    /// Holds back whatever is sent, in either direction, for a while, until [`Proxy::pass`].
    pub fn delay(&self, delay: Duration) {
        self.state.mode.send_modify(|mode| mode.delay = delay);
    }

    /// Once: lets the next request through, waits until the server has answered, and closes the
    /// connection in place of giving the answer.
    pub fn cut_before_answer(&self) {
        self.state.lose_answer.store(true, Ordering::SeqCst);
    }

    /// Once: closes the connection of the next request without forwarding the request.
    pub fn cut_before_request(&self) {
        self.state.lose_request.store(true, Ordering::SeqCst);
    }

    /// How many connections it has cut: a test that wanted a fault can see that it came.
    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// Waits until it has cut more connections than a number from [`Proxy::cuts`].
    pub fn await_cut_after(&self, cuts: u64) {
        eventually("the proxy to cut a connection", || {
            (self.cuts() > cuts).then_some(())
        });
    }

    fn await_open(&self, open: bool) {
        eventually("the proxy to listen or not", || {
            let is_open = self.state.open.load(Ordering::SeqCst);
            assert!(
                self.thread
                    .as_ref()
                    .is_some_and(|thread| !thread.is_finished()),
                "the proxy ended"
            );
            (is_open == open).then_some(())
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.end.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(port: u16, target: u16, state: &Arc<State>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the proxy");
    runtime.block_on(async {
        let mut end = state.end.subscribe();
        tokio::select! {
            () = serve(port, target, state) => (),
            _ = end.wait_for(|end| *end) => (),
        }
    });
}

async fn serve(port: u16, target: u16, state: &Arc<State>) {
    let mut mode = state.mode.subscribe();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .expect("the port is reserved");
        state.open.store(true, Ordering::SeqCst);
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((client, _)) = accepted {
                        tokio::spawn(connect(client, target, Arc::clone(state)));
                    }
                }
                _ = mode.wait_for(|mode| mode.refuse) => break,
            }
        }
        drop(listener);
        state.open.store(false, Ordering::SeqCst);
        let _ = mode.wait_for(|mode| !mode.refuse).await;
    }
}

async fn connect(client: TcpStream, target: u16, state: Arc<State>) {
    let mut generation = state.generation.subscribe();
    generation.mark_unchanged();
    let Ok(server) = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, target))).await
    else {
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let doomed = AtomicBool::new(false);
    let cut = tokio::select! {
        cut = forward(from_client, to_server, &state, Way::Request, &doomed) => cut,
        cut = forward(from_server, to_client, &state, Way::Answer, &doomed) => cut,
        _ = generation.changed() => Cut::Yes,
    };
    if cut == Cut::Yes {
        state.cuts.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Request,
    Answer,
}

/// Whether a connection ended because the proxy was told to cut it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Yes,
    No,
}

async fn forward(
    mut from: OwnedReadHalf,
    to: OwnedWriteHalf,
    state: &State,
    way: Way,
    doomed: &AtomicBool,
) -> Cut {
    let mut mode = state.mode.subscribe();
    let mut bytes = vec![0; 64 * 1024];
    let (later, chunks) = mpsc::unbounded_channel();
    let read = async {
        loop {
            let length = match from.read(&mut bytes).await {
                Ok(0) | Err(_) => return Cut::No,
                Ok(length) => length,
            };
            let lost = match way {
                Way::Request => {
                    if state.lose_answer.swap(false, Ordering::SeqCst) {
                        doomed.store(true, Ordering::SeqCst);
                    }
                    state.lose_request.swap(false, Ordering::SeqCst)
                }
                Way::Answer => doomed.load(Ordering::SeqCst),
            };
            if lost {
                return Cut::Yes;
            }
            let Ok(now) = mode.wait_for(|mode| !mode.stall).await.map(|mode| *mode) else {
                return Cut::No;
            };
            let due = tokio::time::Instant::now() + now.delay;
            if later.send((due, bytes[..length].to_vec())).is_err() {
                return Cut::No;
            }
        }
    };
    tokio::select! {
        cut = read => cut,
        () = write(chunks, to) => Cut::No,
    }
}

/// Writes each piece when it is due: a delay takes time from each, not from all that follow it.
async fn write(
    mut chunks: mpsc::UnboundedReceiver<(tokio::time::Instant, Vec<u8>)>,
    mut to: OwnedWriteHalf,
) {
    while let Some((due, bytes)) = chunks.recv().await {
        tokio::time::sleep_until(due).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
