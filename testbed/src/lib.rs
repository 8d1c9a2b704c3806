//! Real servers for FlashBid's tests: started on free ports in folders of their own, and stopped.
