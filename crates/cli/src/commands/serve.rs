//! `longspan serve`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::args::Lang;
use crate::failure::{Failure, fail};
use crate::serve::{Options, serve};
use crate::stop::Stop;

/// Letters of a token that cannot be guessed.
const LEAST_TOKEN: usize = 8;

/// Show runs in a browser while they train; never writes to them
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Directory that holds runs
    #[arg(value_name = "DIR", default_value = "runs")]
    directory: PathBuf,
    /// Port to listen on; 0 means any free one
    #[arg(long, value_name = "N", default_value_t = 8808)]
    port: u16,
    /// Address to listen on; needs --token unless it is a loopback address
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Serve only browsers that know this token: they open http://ADDRESS:PORT/?token=TEXT
    #[arg(long, value_name = "TEXT")]
    token: Option<String>,
    #[command(flatten)]
    lang: Lang,
}

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode, Failure> {
    let directory = args.directory.clone();
    if !directory.is_dir() {
        let directory = directory.display();
        return Err(fail(format!("there is no directory {directory}: name the one that holds runs")));
    }
    let ip = args.address;
    let token = args.token.clone();
    if let Some(token) = &token
        && (token.len() < LEAST_TOKEN
            || !token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c)))
    {
        return Err(fail(format!(
            "--token {token}: it takes {LEAST_TOKEN} or more letters, digits, or any of -_.~"
        )));
    }
    if !ip.is_loopback() && token.is_none() {
        return Err(fail(format!(
            "--address {ip}: others can reach it; give --token TEXT, which a browser then has to know"
        )));
    }
    let address = SocketAddr::new(ip, args.port);
    let lang = args.lang.language.code().to_owned();
    let stop = Stop::listen()?;
    serve(Options { directory, address, token, lang }, &stop.cancel)?;
    Ok(ExitCode::SUCCESS)
}
