"""What remembers: picture files, the SQLite index over them, the queue. Imports only core."""
