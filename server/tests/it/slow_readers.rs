//! Somebody reads too slowly: what each policy does about it, by each way to a room.
