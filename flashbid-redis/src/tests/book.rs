//! What a book does on its server.
