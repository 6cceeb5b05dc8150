//! The lab stays up for whoever wants to look around.

use crate::enclosure::Seat;
use crate::lab::Lab;
use crate::network::Host;
use crate::site::Site;
use crate::users::Users;
use anyhow::Result;
use std::time::Duration;

/// Says how to get in, and waits for Ctrl-C, which ends everything with this exit code.
pub fn up(lab: &mut Lab, seat: &Seat, code: u8) -> Result<()> {
    lab.heal()?;
    seat.stays(code)?;
    let sites = lab.sites;
    lab.users.get_or_insert_with(|| Users::begin(sites));
    let enter = format!("nsenter -t {} --mount --net --pid", seat.outside_pid);
    println!("\nAll is up, and users click. From another shell, as root:\n");
    println!("  {enter} sh    where the users are");
    for host in Host::ALL {
        println!("  {enter} ip netns exec {} sh", host.name());
    }
    println!("\nPages, from where the users are:\n");
    for site in Site::BOTH {
        for web in Host::WEB {
            let (domain, address) = (site.domain(), web.address());
            println!("  {enter} curl -H 'Host: {domain}' http://{address}/");
        }
    }
    let web = Host::Web01;
    let status = format!("http://{}/jk-status", web.address());
    println!("\nThe status page, which is for the web hosts alone:\n");
    println!("  {enter} ip netns exec {} curl {status}", web.name());
    println!("\nEach host has its files where docs/on-premise.md says. Ctrl-C stops everything.");
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}
