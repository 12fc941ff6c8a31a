import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { parseHosts } from '../../lib/cli/hosts.js';
import { remoteCommand } from '../../lib/cli/ssh-executor.js';
import { Folder } from './command.js';

describe('a hosts file', () => {
  test('has a host a line, with its settings', () => {
    const hosts = parseHosts(
      `# our machines
      node1

      ann@10.0.0.2:2222  threads=4 memory=4gb  address=192.168.1.2 # the big one
      [fd00::2]:22 address=[fd00::2] node=/opt/node/bin/node heddle=~/heddle
      node1 address=node1:7077
      `,
      'hosts.conf',
    );
    const none = { sshPort: undefined, threads: undefined, memory: undefined, address: undefined, node: undefined, heddle: undefined };
    assert.deepEqual(hosts, [
      { ...none, name: 'node1', place: 'hosts.conf:2', destination: 'node1' },
      {
        ...none,
        name: '10.0.0.2',
        place: 'hosts.conf:4',
        destination: 'ann@10.0.0.2',
        sshPort: 2222,
        threads: '4',
        memory: '4gb',
        address: '192.168.1.2:0',
      },
      {
        ...none,
        name: 'fd00::2',
        place: 'hosts.conf:5',
        destination: 'fd00::2',
        sshPort: 22,
        address: '[fd00::2]:0',
        node: '/opt/node/bin/node',
        heddle: '~/heddle',
      },
      { ...none, name: 'node1 (2)', place: 'hosts.conf:6', destination: 'node1', address: 'node1:7077' },
    ]);
    assert.deepEqual(
      parseHosts('a\r\nb\r\n', 'x').map(({ name }) => name),
      ['a', 'b'],
    );
  });

  const refused: [line: string, message: RegExp][] = [
    ['-oProxyCommand=x', /^f:2: expected a host first, such as ann@10\.0\.0\.2 or node1:2222, got "-oProxyCommand=x"$/],
    ['threads=4 a', /^f:2: expected a host first.* got "threads=4"$/],
    ['a:0', /expected a host first/],
    ['a:99999', /expected a host first/],
    ['ann@-x', /expected a host first/],
    ["a;rm'x'", /expected a host first/],
    ['a 4', /^f:2: "4" is no setting; settings are threads=, memory=, address=, node=, heddle=$/],
    ['a thread=4', /^f:2: "thread=4" is no setting; did you mean threads=\?$/],
    ['a threads=4 threads=5', /^f:2: threads= is there twice$/],
    ['a threads=', /^f:2: threads: expected a value, got ""$/],
    ['a threads=many', /^f:2: threads: expected an integer from 1 to 1024, got "many"$/],
    ['a memory=4', /^f:2: memory: expected bytes, or text such as '512mb' or '4gb', from 64mb to 4gb, got "4"$/],
    ['a address=1:2:3', /^f:2: address: expected where others reach it/],
    ['a address=$(x)', /^f:2: address: expected where others reach it/],
    ["a node='x'", /^f:2: node: expected a path of letters/],
    ['a heddle=$HOME', /^f:2: heddle: expected a path of letters/],
  ];
  for (const [line, message] of refused) {
    test(`refuses ${line}`, () => {
      assert.throws(
        () => parseHosts(`# one\n${line}`, 'f'),
        ({ message: got }: Error) => message.test(got) || assert.fail(got),
      );
    });
  }

  test('without a host is refused', () => {
    assert.throws(() => parseHosts('# nobody\n', 'f'), /^UsageError: f: there is no host in it/);
  });

  test('puts nothing into a shell that a shell would take for more than a word', () => {
    const [host] = parseHosts('a threads=2 memory=1gb address=b:7 node=/n heddle=~/h', 'f');
    assert.match(
      remoteCommand(host!),
      /^exec sh -c '[^']+; a=b:7; n=\/n; exec "\$n" "\$h" executor --secret-stdin --listen "\$a" --threads 2 --memory 1gb'$/,
    );
  });
});

describe('heddle launch', () => {
  const folder = new Folder();
  after(() => folder.remove());

  test('explains what is wrong, before it starts anything', async () => {
    folder.put('bad.conf', 'a threads=x');
    folder.put('hosts.conf', 'a');
    const cases: [given: string[], expected: RegExp][] = [
      [[], /required option '--hosts <file>' not specified/],
      [['--hosts', 'none.conf', 'job.ts'], /^heddle: the hosts file cannot be read: ENOENT: .*none\.conf'\n$/],
      [['--hosts', 'bad.conf', 'job.ts'], /^heddle: bad\.conf:1: threads: expected an integer/],
      [['--hosts', 'hosts.conf'], /^heddle: heddle launch without a script needs a secret that scripts can know/],
      [['--hosts', 'hosts.conf', '--secret-file', 'none', 'job.ts'], /^heddle: none: the file of the secret cannot be read/],
      [['--hosts', 'hosts.conf', '--host', 'job.ts'], /unknown option '--host'/],
    ];
    for (const [given, expected] of cases) {
      const { code, out, err } = await folder.run('launch', ...given);
      assert.deepEqual({ code, out }, { code: 2, out: '' }, given.join(' '));
      assert.match(err, expected);
    }
  });

  test('--help has the format of the hosts file', async () => {
    const { code, out } = await folder.run('launch', '--help');
    assert.equal(code, 0);
    assert.match(out, /^Usage: heddle launch --hosts FILE \[SCRIPT ARGS\.\.\.\]/);
    assert.match(out, /\[USER@\]HOST\[:SSHPORT\] \[threads=N\] \[memory=BYTES\] \[address=HOST\[:PORT\]\] \[node=PATH\] \[heddle=PATH\]/);
  });

  test('says that there is no ssh', async () => {
    folder.put('hosts.conf', 'a');
    folder.put('job.ts', '');
    const { code, err } = await folder.run('launch', '--ssh', './no-ssh', '--hosts', 'hosts.conf', 'job.ts');
    assert.deepEqual([code, err], [1, 'heddle launch: a (hosts.conf:1): ./no-ssh cannot be run: spawn ./no-ssh ENOENT\n']);
  });
});

describe('heddle executor --secret-stdin', () => {
  const folder = new Folder();
  after(() => folder.remove());

  test('needs a line', async () => {
    const { code, err } = await folder.run('executor', '--secret-stdin', '--listen', '127.0.0.1:0');
    assert.deepEqual(
      [code, err],
      [2, 'heddle: heddle executor --secret-stdin: standard input ended before there was a line with a secret\n'],
    );
  });
});
