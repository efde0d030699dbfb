package rehearsal

import "time"

// Faults are the official API's bad days; guarded by Platform.mu, changed with
// Account.SetFaults.
type Faults struct {
	// Force makes the next calls of a path fail with an errcode, as many times
	// as N says; N < 0: until it is taken out. Key "*" is every path.
	Force map[string]ForcedError

	// ExpireTokens makes every access token that exists now answer 42001.
	// It resets itself.
	ExpireTokens bool
	// DropTokens makes every access token that exists now answer 40001, as when
	// another process has fetched a newer one. It resets itself.
	DropTokens bool

	MediaErrorsAsText bool          // errors of media/get as text/plain (2014–2017), else application/json
	MediaGone         bool          // 40007 on every media/get
	MediaDelay        time.Duration // before each media answer
	TruncateMedia     bool          // media bodies end in the middle, under the full Content-Length
	HintTail          bool          // errmsg ends in " hint: […]" (2015–2019), else " rid: …"
	EmptyTokenAnswer  bool          // token calls answer 200, no body, text/html; charset=gbk (2017)
	CloudDown         bool          // every API call answers 502 with an HTML page
}

// ForcedError is an errcode that calls are made to answer.
type ForcedError struct {
	Code int
	N    int // how many calls still; negative: all
}

// SetFaults changes the account's API faults.
func (a *Account) SetFaults(change func(*Faults)) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	change(&a.faults)
	if a.faults.ExpireTokens || a.faults.DropTokens {
		a.tokens.spoil(a.faults.ExpireTokens)
		a.faults.ExpireTokens, a.faults.DropTokens = false, false
	}
}

// SetOperatorFaults changes the faults of the account's operator pages.
func (a *Account) SetOperatorFaults(change func(*OperatorFaults)) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	change(&a.operator)
}

// OperatorFaults returns a copy of the faults of the operator pages.
func (a *Account) OperatorFaults() OperatorFaults {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	return a.operator
}
