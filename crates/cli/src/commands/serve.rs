//! `longspan serve`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::failure::{Failure, fail};
use crate::serve::{Options, serve};
use crate::stop::Stop;

/// Letters of a token that cannot be guessed.
const LEAST_TOKEN: usize = 8;

pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let directory = PathBuf::from(matches.get_one::<String>("DIR").expect("has a default"));
    if !directory.is_dir() {
        let directory = directory.display();
        return Err(fail(format!("there is no directory {directory}: name the one that holds runs")));
    }
    let ip = matches.get_one::<IpAddr>("address").copied().unwrap_or(Ipv4Addr::LOCALHOST.into());
    let token = matches.get_one::<String>("token").cloned();
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
    let address = SocketAddr::new(ip, matches.get_one::<u16>("port").copied().unwrap_or(8808));
    let lang = matches.get_one::<String>("lang").map_or("en", String::as_str).to_owned();
    let stop = Stop::listen()?;
    serve(Options { directory, address, token, lang }, &stop.cancel)?;
    Ok(ExitCode::SUCCESS)
}
