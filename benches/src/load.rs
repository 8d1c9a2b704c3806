//! A load generator for HTTP/1.1 that costs little itself: each connection sends a request, reads the whole answer,
//! and sends the next.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Writes the request of a connection (its number) and a turn into the buffer.
pub type Writer = dyn Fn(usize, u64, &mut Vec<u8>) + Send + Sync;

/// What a flood of requests took.
#[derive(Clone, Debug)]
pub struct Flood {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// The time of each answer, ascending.
    pub latencies: Vec<Duration>,
    /// Processor time that this process spent meanwhile, on both sides of the connections: less noisy than the
    /// elapsed time on a machine that does other things too.
    pub processor: Duration,
}

/// Processor time of this process so far, to the hundredth of a second, from the kernel.
///
/// # Panics
/// On a system other than Linux.
pub fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

impl Flood {
    /// The time within which `hundredths` of a hundred answers came.
    ///
    /// # Panics
    /// Without an answer.
    pub fn percentile(&self, hundredths: usize) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[(self.latencies.len() * hundredths / 100).min(last)]
    }
}

/// Sends `requests` in all over `connections` kept open, and expects each answer to have `status`.
///
/// # Panics
/// When a connection fails or an answer has another status.
pub async fn flood(
    address: SocketAddr,
    connections: usize,
    requests: u64,
    status: u16,
    write: Arc<Writer>,
) -> Flood {
    let mut streams = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(address)
            .await
            .expect("the server listens");
        stream.set_nodelay(true).expect("a TCP option");
        streams.push(stream);
    }
    let (start, processor) = (Instant::now(), processor_time());
    let mut tasks = JoinSet::new();
    for (connection, stream) in streams.into_iter().enumerate() {
        let write = write.clone();
        tasks.spawn(async move {
            let turns = (connection as u64..requests).step_by(connections);
            converse(stream, connection, turns, status, &*write).await
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done.expect("a connection ends well"));
    }
    let elapsed = start.elapsed();
    latencies.sort_unstable();
    Flood {
        elapsed,
        latencies,
        processor: processor_time().saturating_sub(processor),
    }
}

async fn converse(
    mut stream: TcpStream,
    connection: usize,
    turns: impl Iterator<Item = u64>,
    status: u16,
    write: &Writer,
) -> Vec<Duration> {
    let (mut request, mut answer) = (Vec::new(), Vec::new());
    let mut latencies = Vec::new();
    for turn in turns {
        request.clear();
        write(connection, turn, &mut request);
        let start = Instant::now();
        stream.write_all(&request).await.expect("the server reads");
        let got = read_answer(&mut stream, &mut answer).await;
        latencies.push(start.elapsed());
        assert_eq!(got, status, "{}", String::from_utf8_lossy(&answer));
    }
    latencies
}

/// Reads one whole answer and returns its status.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> u16 {
    answer.clear();
    loop {
        let read = stream.read_buf(answer).await.expect("the server answers");
        assert!(read > 0, "the server closed the connection");
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(head) = response.parse(answer).expect("HTTP/1.1") else {
            continue;
        };
        let length = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("content-length"))
            .and_then(|header| {
                std::str::from_utf8(header.value)
                    .ok()?
                    .parse::<usize>()
                    .ok()
            })
            .expect("an answer with a length");
        let status = response.code.expect("a status");
        if answer.len() >= head + length {
            return status;
        }
    }
}
