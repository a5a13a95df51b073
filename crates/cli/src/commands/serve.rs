//! `longspan serve`: shows runs in a browser.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use crate::exit_code::ExitCode;
use crate::failure::{Failure, fail};
use crate::flags::Lang;
use crate::serve::{Options, serve};
use crate::stop::Stop;

/// The smallest number of characters in a token, so that it cannot be guessed.
const LEAST_TOKEN: usize = 8;

/// Show runs in a browser while they train; never writes to them
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Directory that contains runs
    #[arg(value_name = "DIR", default_value = "runs")]
    directory: PathBuf,
    /// Port to listen on; 0 means any free one
    #[arg(long, value_name = "N", default_value_t = 8808)]
    port: u16,
    /// Address to listen on; all but loopback addresses need --token
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Serve only requests with this token: open http://ADDRESS:PORT/?token=TEXT
    #[arg(long, value_name = "TEXT")]
    token: Option<String>,
    #[command(flatten)]
    lang: Lang,
}

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, Failure> {
    let directory = args.directory.clone();
    if !directory.is_dir() {
        let directory = directory.display();
        return Err(fail(format!("there is no directory {directory}: name a directory that contains runs")));
    }
    let ip = args.address;
    let token = args.token.clone();
    if let Some(token) = &token
        && (token.len() < LEAST_TOKEN
            || !token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c)))
    {
        return Err(fail(format!(
            "--token {token}: needs {LEAST_TOKEN} or more characters: letters, digits and -_.~"
        )));
    }
    if !ip.is_loopback() && token.is_none() {
        return Err(fail(format!(
            "--address {ip}: other machines can reach this address: protect it with --token TEXT"
        )));
    }
    let address = SocketAddr::new(ip, args.port);
    let lang = args.lang.language.code().to_owned();
    let stop = Stop::listen_and_hold()?;
    serve(Options { directory, address, token, lang }, &stop.cancel)?;
    Ok(ExitCode::SUCCESS)
}
