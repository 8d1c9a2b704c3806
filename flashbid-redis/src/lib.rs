//! FlashBid's hot store on Redis or Valkey: standalone, Sentinel, Cluster.
