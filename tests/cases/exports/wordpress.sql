CREATE TABLE wp_posts (ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, post_title text NOT NULL, guid varchar(255) NOT NULL DEFAULT '');
CREATE TABLE wp_comments (
  comment_ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  comment_post_ID bigint unsigned NOT NULL DEFAULT 0,
  comment_author tinytext NOT NULL,
  comment_author_email varchar(100) NOT NULL DEFAULT '',
  comment_author_url varchar(200) NOT NULL DEFAULT '',
  comment_author_IP varchar(100) NOT NULL DEFAULT '',
  comment_date datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  comment_date_gmt datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  comment_content text NOT NULL,
  comment_karma int NOT NULL DEFAULT 0,
  comment_approved varchar(20) NOT NULL DEFAULT '1',
  comment_agent varchar(255) NOT NULL DEFAULT '',
  comment_type varchar(20) NOT NULL DEFAULT 'comment',
  comment_parent bigint unsigned NOT NULL DEFAULT 0,
  user_id bigint unsigned NOT NULL DEFAULT 0
);
INSERT INTO wp_posts VALUES (7, 'Tomatoes &amp; frost', 'https://shed.example.org/?p=7'), (8, 'Compost', 'https://shed.example.org/?p=8');
INSERT INTO wp_comments (comment_ID, comment_post_ID, comment_author, comment_author_email, comment_author_url, comment_author_IP, comment_date, comment_date_gmt, comment_content, comment_agent) VALUES
  (11, 7, 'Ann &amp; Joe', 'ann@example.com', 'https://ann.example.com/', '192.0.2.7', '2025-05-02 10:00:00', '2025-05-02 09:00:00', 'Ours went out in <em>mid May</em> and all lived. 🍅', 'Mozilla/5.0');
INSERT INTO wp_comments (comment_ID, comment_post_ID, comment_author, comment_content, comment_approved, comment_type, comment_parent) VALUES
  (12, 7, 'Marek Žák', 'Lucky you! Here the ice saints took half of them.', '1', '', 11),
  (13, 7, 'cheap garden sheds', 'Wonderful post, I bookmarked it! <a href="http://cheap-sheds.example/sale">garden sheds sale</a>', 'spam', 'comment', 0),
  (14, 7, 'Waiting', 'Is this on?', '0', 'comment', 0),
  (15, 7, 'Binned', 'Said in anger.', 'trash', 'comment', 0),
  (16, 7, 'Shop', 'Order status changed.', '1', 'order_note', 0),
  (21, 8, 'Another blog', '[&#8230;] as the Potting Shed writes [&#8230;]', '1', 'pingback', 0);
