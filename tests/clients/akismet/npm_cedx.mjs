// npm's @cedx/akismet: the key in the body, a base address of one's own; fails on any header of an alert or of help.
const { Author, Blog, CheckResult, Client, Comment } = await import(`${process.argv[2]}/node_modules/@cedx/akismet/lib/index.js`);
const [key, good, bare] = process.argv.slice(3);
const blog = new Blog({ url: 'https://blog.example/' });
const ours = new Client(key, blog);
const about = (content, name, role = '') => new Comment({
  author: new Author({ ipAddress: '192.0.2.7', userAgent: 'Firefox', name, role }), content, context: ['a tag', 'another'],
});

const said = {
  valid: await ours.verifyKey(),
  spam: await ours.checkComment(about(good, 'viagra-test-123')) === CheckResult.spam,
  ham: await ours.checkComment(about(good, 'Ann')) === CheckResult.ham,
  administrator: await ours.checkComment(about(bare, 'Owner', 'administrator')) === CheckResult.ham,
  held: await ours.checkComment(about(bare, 'Ben')) === CheckResult.spam,
  test: await new Client(key, blog, { isTest: true }).checkComment(about(good, 'Only a test')) === CheckResult.ham,
};
await ours.submitSpam(about(good, 'Ann'));
await ours.submitHam(about(bare, 'Ben'));
said.reported = true;
const under = new Client(key, blog, { baseUrl: `http://rest.akismet.com/k/${key}/` });
said.prefix = await under.checkComment(about(good, 'Ann')) === CheckResult.spam; // as was reported
said.wrong_key = (await new Client('000000000000', blog).verifyKey()) ? 'taken' : 'refused';
console.log(JSON.stringify(said));
