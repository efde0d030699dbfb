// Package archtest holds the rules of the house as tests: which package may
// import which, what each module that is not ours is hidden behind, and what
// must not stand in the tree. The table here is the one that
// docs/architecture.md prints.
//
// It judges source text and the output of go list. It runs nothing of the product.
package archtest

// Module is the path of our Go module, and of its root package.
const Module = "callbackd"

// Room is a package of the layout, with everything below its folder.
type Room struct {
	Path  string   // folder below the module; "" is the root package
	What  string   // what lives there
	To    []string // rooms that it may import beside the root and internal/…; "*" means all
	Hides []string // modules that no other room's program code may import
}

// Rooms is the layout and its arrows. When real work lacks an arrow, it is
// added here with its reason, and `make arch-update` writes the document.
var Rooms = []Room{
	{Path: "", What: "the nouns: typed ids, types, pure rules, job kinds and outcomes. Standard library only"},
	{Path: "cmd/callbackd", What: "main, configuration, wiring, subcommands. Imported by nothing", To: []string{"*"},
		Hides: []string{"github.com/spf13/cobra", "github.com/spf13/pflag"}},
	{Path: "handlers", What: "HTTP: routes, one file per page or endpoint, one function that turns an error into an answer",
		To: []string{"wall", "wall/filter", "doctor", "notify", "notify/push", "web", "live", "wechat", "blob", "store"}},
	{Path: "wall", What: "the gate, the public view of a message, publishing of changes, public names, filters of what arrives",
		To: []string{"wall/filter", "live", "blob", "store"}},
	// below store, which judges a name in the transaction that keeps it
	{Path: "wall/filter", What: "listed words however they are written, links, names that pose as others. Pure",
		Hides: []string{"github.com/mtibben/confusables", "github.com/mozillazg/go-pinyin"}},
	// blob: a person's picture is put away before the one transaction that stores FakeID, openID and profile with it
	{Path: "resolver", What: "openID → FakeID → person. Pure matchers, one planner", To: []string{"mpweb", "wechat", "blob", "store"}},
	{Path: "media", What: "fetch, probe, transcode (ffmpeg as a bounded child process), thumbnails, waveform, avatars",
		To: []string{"wechat", "mpweb", "blob", "store"}},
	// notify/push: the senders know vendors alone, none of the rooms that notify decides with
	{Path: "notify", What: "who is told what, where and how", To: []string{"notify/push", "wall", "wall/filter", "live", "wechat", "store"}},
	{Path: "notify/push", What: "vendor senders: Web Push, APNs, FCM"},
	// apart from notify, so that its crypto cannot come from what it checks
	{Path: "notify/pushtest", What: "a fake of the three vendors, for tests"},
	{Path: "doctor", What: "the checks of installation and account", To: []string{"wechat", "mpweb", "blob", "store"}},
	{Path: "jobs", What: "the runner over the jobs table: claim, lease, retry, snooze, drain. Knows no kind by name", To: []string{"store"}},
	{Path: "wechat", What: "the official protocol: signature, AES, XML, API client", Hides: []string{"github.com/silenceper/wechat"}},
	{Path: "mpweb", What: "the operator pages: login, session, fetch; pure parsers of stored pages",
		Hides: []string{"github.com/chromedp/chromedp", "github.com/chromedp/cdproto"}},
	{Path: "live", What: "wall channels and device channels", Hides: []string{"github.com/centrifugal/centrifuge"}},
	{Path: "store", What: "all SQL, migrations, group commit; `storetest/` is its suite", To: []string{"wall/filter"},
		Hides: []string{"github.com/jmoiron/sqlx", "github.com/mattn/go-sqlite3", "github.com/jackc/pgx", "github.com/golang-migrate/migrate"}},
	{Path: "blob", What: "bytes: a folder, later S3; `blobtest/` is its suite", Hides: []string{"github.com/minio/minio-go"}},
	{Path: "web", What: "page structs, Render; templates and static files, embedded"},
	{Path: "rehearsal", What: "the simulated platform and its crowd, with its own small crypto: the twin is wanted"},
	// measures ours next to what others wrote, so nothing is hidden from it
	{Path: "internal/bench", What: "programs that make the tables of docs/performance.md. Imported by nothing", To: []string{"*"}},
	{Path: "internal", What: "archtest (this table as a test), testkit, safedial (outbound guard), seal (secrets at rest), and what else serves many rooms"},
}

// everywhere are rooms that tests of any room may import: a started server for
// tests, and the simulated platform to talk to.
var everywhere = []string{"internal/testkit", "rehearsal"}

// roomOf returns the room in which a package of ours lives, by its longest
// matching path; false where no room holds it.
func roomOf(rooms []Room, importPath string) (Room, bool) {
	if importPath == Module {
		for _, r := range rooms {
			if r.Path == "" {
				return r, true
			}
		}
		return Room{}, false
	}
	var best Room
	for _, r := range rooms {
		if r.Path != "" && within(importPath, Module+"/"+r.Path) && len(r.Path) > len(best.Path) {
			best = r
		}
	}
	return best, best.Path != ""
}

// within reports whether path is base or lies below it.
func within(path, base string) bool {
	return path == base || len(path) > len(base) && path[:len(base)] == base && path[len(base)] == '/'
}
