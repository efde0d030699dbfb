package match

import "strings"

// PageEscape writes words as the pages do.
func PageEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", " ", "&nbsp;", "\n", "<br/>").Replace(s)
}
