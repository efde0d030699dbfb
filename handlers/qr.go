package handlers

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/skip2/go-qrcode"
)

// writeQRCode answers with a QR code as SVG.
func writeQRCode(w http.ResponseWriter, qr *qrcode.QRCode, cacheControl string) error {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", cacheControl)
	_, err := w.Write([]byte(qrSVG(qr)))
	return err
}

// qrPicture is a QR code of a text, to stand in a page.
func qrPicture(text string) (template.HTML, error) {
	qr, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return "", fmt.Errorf("make a QR code: %w", err)
	}
	return template.HTML(qrSVG(qr)), nil //nolint:gosec // numbers alone come into it
}

// qrSVG draws a code's modules, quiet zone included, as one path.
func qrSVG(qr *qrcode.QRCode) string {
	modules := qr.Bitmap()
	var path strings.Builder
	for y, row := range modules {
		for x := 0; x < len(row); x++ {
			run := 0
			for x+run < len(row) && row[x+run] {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x, y, run, run)
				x += run
			}
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><rect width="100%%" height="100%%" fill="#fff"/><path d="%s" fill="#000"/></svg>`,
		len(modules), len(modules), path.String())
}
