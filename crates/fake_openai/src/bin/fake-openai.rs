//! The stand-in as a program: `fake-openai --bind 127.0.0.1:9090 --key sk-fake --delay 200ms`. Calls are counted at
//! `GET /calls`.

use std::io;
use std::time::Duration;

use clap::Parser;
use gih_fake_openai::{Behaviour, DEFAULT_KEY, FakeOpenAi, Item, Outcome};

/// A strict stand-in for the OpenAI Images API that draws plain images and costs nothing.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9090")]
    bind: String,
    /// The API key that is right.
    #[arg(long, default_value = DEFAULT_KEY)]
    key: String,
    /// How long every call takes, such as 200ms or 2s.
    #[arg(long, default_value = "0ms", value_parser = duration)]
    delay: Duration,
    /// Answer every call with one image of exactly so many bytes, instead of small ones as many as asked.
    #[arg(long)]
    image_bytes: Option<usize>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let number = number.parse().map_err(|_| "no number".to_owned())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        _ => Err("the unit is ms or s".to_owned()),
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let items = arguments.image_bytes.map(|bytes| vec![Item::Bytes(bytes)]);
    let behaviour = Behaviour::from(Outcome::Draw(items)).after(arguments.delay);
    let server = FakeOpenAi::start_at(&arguments.bind, &arguments.key, behaviour).await?;
    say(&server.base_url());
    tokio::signal::ctrl_c().await
}

#[allow(clippy::print_stdout)] // a program's own words, which scripts wait for
fn say(base_url: &str) {
    println!("listening on {base_url}");
}
