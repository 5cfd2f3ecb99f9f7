CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title VARCHAR(256));
CREATE TABLE comments (tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER, created FLOAT NOT NULL, modified FLOAT, mode INTEGER, remote_addr VARCHAR, text VARCHAR, author VARCHAR, email VARCHAR, website VARCHAR, likes INTEGER DEFAULT 0, dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL);
INSERT INTO threads VALUES (1, '/tomatoes/', 'Tomatoes');
INSERT INTO comments VALUES (1, 1, NULL, 1746176400.5, NULL, 1, '192.0.2.0', 'Ours went out in **mid May**.', 'Ann', 'ann@example.com', 'https://ann.example.com/', 0, 0, x'00');
INSERT INTO comments VALUES (1, 2, 1, 1746180000.0, NULL, 1, '192.0.2.0', 'Lucky you!', NULL, NULL, NULL, 0, 0, x'00');
INSERT INTO comments VALUES (1, 3, NULL, 1746190000.0, NULL, 2, '192.0.2.0', 'Is this on?', 'Waiting', NULL, NULL, 0, 0, x'00');
INSERT INTO comments VALUES (1, 4, NULL, 1746191000.0, NULL, 4, '192.0.2.0', '', '', NULL, NULL, 0, 0, x'00');
