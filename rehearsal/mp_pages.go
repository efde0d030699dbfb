package rehearsal

import "github.com/go-chi/chi/v5"

// OperatorFaults are the switches of the operator pages.
type OperatorFaults struct{}

// mpState is what the operator pages keep per account; guarded by Platform.mu.
type mpState struct{}

// routeOperatorPages adds the pages of mp.weixin.qq.com. /cgi-bin/showqrcode
// and the official API's /cgi-bin paths are routed by api.go.
func (p *Platform) routeOperatorPages(chi.Router) {}
