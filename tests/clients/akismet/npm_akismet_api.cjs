// npm's akismet-api (Coral, Twikoo): the key in the host name, TLS.
const { AkismetClient } = require(`${process.argv[2]}/node_modules/akismet-api`);
const [key, good, bare] = process.argv.slice(3);
const ours = new AkismetClient({ key, blog: 'https://blog.example/' });
const about = (content, name, more) => ({ ip: '192.0.2.7', useragent: 'Firefox', content, name, type: 'comment', ...more });

(async () => {
  const said = {
    valid: await ours.verifyKey(),
    spam: await ours.checkSpam(about(good, 'viagra-test-123')),
    ham: !(await ours.checkSpam(about(good, 'Ann'))),
    honeypot: await ours.checkSpam(about(good, 'Cid', { honeypot: 'filled in by a program' })),
    held: await ours.checkSpam(about(bare, 'Ben')),
  };
  await ours.submitSpam(about(good, 'Ann'));
  await ours.submitHam(about(bare, 'Ben'));
  said.reported = true;
  said.wrong_key = (await new AkismetClient({ key: '000000000000', blog: 'x' }).verifyKey()) ? 'taken' : 'refused';
  console.log(JSON.stringify(said));
})();
