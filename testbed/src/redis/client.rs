use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// An answer of Redis, as its protocol has it; whole numbers are given as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// No value.
    Nil,
    /// A string, a status or a number.
    Text(String),
    /// A list of answers.
    List(Vec<Reply>),
}

impl Reply {
    /// The text of the answer; a list is joined by newlines, nothing is empty.
    pub fn text(&self) -> String {
        match self {
            Self::Nil => String::new(),
            Self::Text(text) => text.clone(),
            Self::List(replies) => replies
                .iter()
                .map(Self::text)
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }
}

/// One command over a connection of its own.
pub(super) fn call(port: u16, command: &[&str]) -> io::Result<Reply> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let patience = Duration::from_secs(5);
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    let mut request = format!("*{}\r\n", command.len()).into_bytes();
    for word in command {
        write!(request, "${}\r\n{word}\r\n", word.len())?;
    }
    (&stream).write_all(&request)?;
    reply(&mut BufReader::new(stream))
}

fn reply(input: &mut impl BufRead) -> io::Result<Reply> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let Some((kind, rest)) = line.trim_end().split_at_checked(1) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    match kind {
        "+" | ":" => Ok(Reply::Text(rest.to_owned())),
        "-" => Err(io::Error::other(rest.to_owned())),
        "$" => match length(rest)? {
            None => Ok(Reply::Nil),
            Some(length) => {
                let mut bytes = vec![0; length + 2];
                input.read_exact(&mut bytes)?;
                Ok(Reply::Text(
                    String::from_utf8_lossy(&bytes[..length]).into_owned(),
                ))
            }
        },
        "*" => match length(rest)? {
            None => Ok(Reply::Nil),
            Some(length) => (0..length)
                .map(|_| reply(input))
                .collect::<io::Result<_>>()
                .map(Reply::List),
        },
        _ => Err(io::Error::other(format!(
            "not an answer of Redis: {line:?}"
        ))),
    }
}

fn length(text: &str) -> io::Result<Option<usize>> {
    match text.parse::<i64>() {
        Ok(length) => Ok(usize::try_from(length).ok()),
        Err(error) => Err(io::Error::other(error)),
    }
}
