//! Pool, body and pump against backends on loopback, without httpd.

mod attempts;
mod body;
mod checks;
mod cut;
mod direct;
mod drip;
mod http;
mod kept;
mod late;
mod moved;
mod pool;
mod pump;
mod rig;
mod support;
mod switched;
mod turns;
mod wrong_port;
