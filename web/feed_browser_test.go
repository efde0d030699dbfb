package web_test

import (
	"reflect"
	"strings"
	"testing"

	"callbackd/internal/testkit/walltest"
	"callbackd/web"
)

// The feed is a module without a page; each scenario runs in one expression.
// show, gone and list are shorthands of these tests.
const feedTools = `
const { Feed } = await import('FEED');
const { Sync } = await import('SYNC');
const message = (id, seq, text = id) => ({ id, seq, text });
const show = (rev, id, seq, text) => ({ rev, op: 'show', message: message(id, seq, text) });
const gone = (rev, id) => ({ rev, op: 'remove', id });
const list = (feed) => feed.order.map((id) => feed.rows.get(id).message.text);
const world = (more = {}) => ({ log: [], states: [], timers: [], random: () => 0, later(ms, run) { this.timers.push(run); },
  paint(effects) { this.log.push(...effects.map((e) => e.op[0] + e.id)); }, state(s) { this.states.push(s); }, ...more });
const settled = async () => { for (let i = 0; i < 50; i += 1) await null; };
`

func feedPage(t *testing.T) *tab {
	t.Helper()
	return open(t, 400, 400, walltest.New(t).URL("/"))
}

func scenario(b *tab, body string) []string {
	b.t.Helper()
	tools := feedTools
	for word, name := range map[string]string{"FEED": "js/feed.js", "SYNC": "js/sync.js"} {
		path, err := web.StaticPath(name)
		if err != nil {
			b.t.Fatal(err)
		}
		tools = strings.Replace(tools, word, path, 1)
	}
	return eval[[]string](b, "(async () => {"+tools+body+"})()")
}

func TestBrowser_Feed(t *testing.T) {
	b := feedPage(t)
	tests := []struct {
		name, body string
		want       []string
	}{
		{"order is that of seq, not of coming", `
			const f = new Feed(); f.apply(show(1, 'a', 1)); f.apply(show(3, 'c', 3)); f.apply(show(2, 'b', 2)); return list(f);`,
			[]string{"c", "b", "a"}},
		{"an older change of a message is dropped", `
			const f = new Feed(); f.apply(show(5, 'a', 1, 'new')); f.apply(show(4, 'a', 1, 'old')); f.apply(show(5, 'a', 1, 'same')); return list(f);`,
			[]string{"new"}},
		{"a late change of another message is taken", `
			const f = new Feed(); f.apply(show(5, 'b', 2)); f.reach(5); f.apply(show(4, 'a', 1)); return list(f);`,
			[]string{"b", "a"}},
		{"what was removed is not painted again by older changes", `
			const f = new Feed(); f.apply(show(1, 'a', 1)); f.apply(gone(3, 'a')); f.apply(show(2, 'a', 1)); f.apply(show(3, 'a', 1)); return list(f);`,
			[]string{}},
		{"nor before it was ever seen", `
			const f = new Feed(); f.apply(gone(3, 'a')); f.apply(show(2, 'a', 1)); return list(f);`,
			[]string{}},
		{"nor by an older page of messages", `
			const f = new Feed(); f.adopt([message('b', 2)], 1, true); f.apply(gone(5, 'a')); f.earlier({ rev: 4, messages: [message('a', 1)] }, false); return list(f);`,
			[]string{"b"}},
		{"approved again it comes back", `
			const f = new Feed(); f.apply(gone(3, 'a')); f.apply(show(4, 'a', 9)); return list(f);`,
			[]string{"a"}},
		{"an old removal does not take what came back", `
			const f = new Feed(); f.apply(show(4, 'a', 1)); f.apply(gone(3, 'a')); return list(f);`,
			[]string{"a"}},
		{"with a new seq it moves", `
			const f = new Feed(); f.apply(show(1, 'a', 1)); f.apply(show(2, 'b', 2)); f.apply(show(3, 'a', 3)); return list(f);`,
			[]string{"a", "b"}},
		{"forgotten removals do not come back either", `
			const f = new Feed(); for (let i = 1; i <= 6000; i += 1) f.apply(gone(i, 'm' + i));
			f.apply(show(1, 'm1', 1)); f.apply(show(7000, 'x', 2)); return [String(f.removed.size), ...list(f)];`,
			[]string{"5000", "x"}},
		{"only the newest rows are kept", `
			const f = new Feed(3); for (let i = 1; i <= 5; i += 1) f.apply(show(i, 'm' + i, i)); return [...list(f), String(f.more)];`,
			[]string{"m5", "m4", "m3", "true"}},
		{"a change below what is kept is left to reading further down", `
			const f = new Feed(3); for (let i = 1; i <= 5; i += 1) f.apply(show(i, 'm' + i, i)); f.apply(show(6, 'm1', 1)); return list(f);`,
			[]string{"m5", "m4", "m3"}},
		{"nothing goes while somebody reads, and all that is too much afterwards", `
			let reading = true; const f = new Feed(2, () => reading); for (let i = 1; i <= 4; i += 1) f.apply(show(i, 'm' + i, i));
			const during = f.order.length; reading = false; f.trim(); return [String(during), ...list(f)];`,
			[]string{"4", "m4", "m3"}},
		{"a replacement forgets everything else", `
			const f = new Feed(); f.apply(show(90, 'a', 1)); f.apply(show(91, 'b', 2)); f.apply(gone(92, 'c'));
			f.replace({ rev: 7, messages: [message('b', 2, 'B'), message('c', 3)] }, false); return [...list(f), String(f.rev)];`,
			[]string{"c", "B", "7"}},
		{"what it does not know it ignores", `
			const f = new Feed(); f.apply({ rev: 1, op: 'control', control: {} }); f.apply({ rev: 2, op: 'later' }); f.apply({ rev: 3, op: 'show' }); return list(f);`,
			[]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.t = t
			if got := scenario(b, tt.body); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	b.t = t
}

func TestBrowser_Sync(t *testing.T) {
	b := feedPage(t)
	tests := []struct {
		name, body string
		want       []string
	}{
		{"the first subscription reads, whole ones do not", `
			let reads = 0; const w = world({ changes: async (after) => { reads += 1; return { rev: after, reset: false, changes: [] }; } });
			const s = new Sync(new Feed(), w); s.subscribed(false); await settled(); const first = reads;
			s.lost(); s.subscribed(true); await settled(); return [String(first), String(reads), ...w.states];`,
			[]string{"1", "1", "behind", "live", "offline", "live"}},
		{"it reads until there is nothing more", `
			const f = new Feed(); const asked = [];
			const w = world({ changes: async (after) => { asked.push(String(after)); return after < 6 ? { rev: after + 2, changes: [show(after + 2, 'm' + after, after + 1)] } : { rev: after, changes: [] }; } });
			const s = new Sync(f, w); s.subscribed(false); await settled(); return [...asked, String(f.rev)];`,
			[]string{"0", "2", "4", "6", "6"}},
		{"what is pushed during a read does not count as known", `
			const f = new Feed(); let release; const asked = [];
			const w = world({ changes: (after) => { asked.push(String(after)); return asked.length === 1 ? new Promise((r) => { release = r; }) : Promise.resolve({ rev: Math.max(after, 9), changes: [] }); } });
			const s = new Sync(f, w); s.subscribed(false); s.pushed(show(9, 'z', 9)); const during = list(f).join();
			release({ rev: 4, changes: [show(4, 'a', 1)] }); await settled(); return [during, ...asked, ...list(f)];`,
			[]string{"z", "0", "4", "z", "a"}},
		{"an unexplained jump is looked into, once", `
			const f = new Feed(); f.adopt([], 5, false); const asked = [];
			const w = world({ changes: async (after) => { asked.push(String(after)); return after < 8 ? { rev: 8, changes: [show(6, 'lost', 1)] } : { rev: after, changes: [] }; } });
			const s = new Sync(f, w); s.doubt = false; s.connected = true;
			s.pushed(show(7, 'a', 2)); s.pushed(show(8, 'b', 3)); s.pushed(show(11, 'c', 4)); const timers = w.timers.length;
			w.timers.forEach((run) => run()); await settled(); return [String(timers), ...asked, ...list(f)];`,
			[]string{"1", "5", "8", "c", "b", "a", "lost"}},
		{"steps of one are no reason to read", `
			const f = new Feed(); f.adopt([], 5, false); const w = world(); const s = new Sync(f, w); s.doubt = false; s.connected = true;
			s.pushed(show(6, 'a', 1)); s.pushed(gone(7, 'a')); return [String(w.timers.length), String(f.rev)];`,
			[]string{"0", "7"}},
		{"a failed read is tried again from where it was", `
			const f = new Feed(); f.adopt([], 5, false); const asked = []; let fail = true;
			const w = world({ changes: async (after) => { asked.push(String(after)); if (fail) { fail = false; throw new Error('x'); } return { rev: after, changes: [] }; } });
			const s = new Sync(f, w); s.subscribed(false); await settled(); s.lost(); s.connected = true; s.suspect(3); await settled();
			w.timers.forEach((run) => run()); await settled(); return [...asked, w.states.at(-1)];`,
			[]string{"5", "3", "live"}},
		{"a reset reads messages; pushed removals go at once, pushed rows come after", `
			const f = new Feed(); f.adopt([message('a', 1), message('b', 2)], 50, false); let release;
			const w = world({ changes: async (after) => ({ rev: after, reset: after === 50, changes: [] }), messages: () => new Promise((r) => { release = r; }) });
			const s = new Sync(f, w); s.subscribed(false); await settled();
			s.pushed(gone(7, 'b')); const during = list(f).join(); s.pushed(show(8, 'd', 4));
			release({ rev: 6, messages: [message('b', 2), message('c', 3)] }); await settled(); return [during, ...list(f)];`,
			[]string{"a", "d", "c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.t = t
			if got := scenario(b, tt.body); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	b.t = t
}
