//! A site with policies over two scripted peers.
