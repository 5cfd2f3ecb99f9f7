// npm's akismet (Waline, Staticman): verify-key at the bare host, all else with the key in the host name, port 80.
const { promisify } = require('util');
const { client } = require(`${process.argv[2]}/node_modules/akismet`);
const [key, good, bare] = process.argv.slice(3);
const ours = client({ blog: 'https://blog.example/', apiKey: key });
const ask = (name) => promisify(ours[name].bind(ours));
const about = (text, author) => ({
  user_ip: '::ffff:192.0.2.7', permalink: 'https://blog.example/post', comment_author: author, comment_content: text,
});

(async () => {
  const said = {
    valid: await promisify(ours.verifyKey.bind(ours))(),
    spam: await ask('checkComment')(about(good, 'viagra-test-123')),
    ham: !(await ask('checkComment')(about(good, 'Ann'))),
    held: await ask('checkComment')(about(bare, 'Ben')),
  };
  await ask('submitSpam')(about(good, 'Ann'));
  await ask('submitHam')(about(bare, 'Ben'));
  said.reported = true;
  const wrong = client({ blog: 'https://blog.example/', apiKey: '000000000000' });
  said.wrong_key = (await promisify(wrong.verifyKey.bind(wrong))()) ? 'taken' : 'refused';
  console.log(JSON.stringify(said));
})();
