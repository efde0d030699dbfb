package media

import (
	"bytes"
	"encoding/binary"
)

// orientation is how a picture must be turned, as EXIF counts it: 1 upright,
// 2–8 the other ways to hold a camera. Anything that cannot be read is 1.
func orientation(format Format, data []byte) int {
	switch format {
	case FormatJPEG:
		return tiffOrientation(jpegExif(data))
	case FormatPNG:
		return tiffOrientation(pngExif(data))
	case FormatWebP:
		return tiffOrientation(webpExif(data))
	}
	return 1
}

var exifHeader = []byte("Exif\x00\x00")

// jpegExif finds the TIFF block of the APP1 segment.
func jpegExif(data []byte) []byte {
	for i := 2; i+4 <= len(data) && data[i] == 0xff; {
		marker := data[i+1]
		if marker == 0xff { // fill
			i++
			continue
		}
		if marker == 0xda || marker == 0xd9 { // the picture begins, or nothing comes
			return nil
		}
		size := int(binary.BigEndian.Uint16(data[i+2:]))
		if size < 2 || i+2+size > len(data) {
			return nil
		}
		body := data[i+4 : i+2+size]
		if marker == 0xe1 && bytes.HasPrefix(body, exifHeader) {
			return body[len(exifHeader):]
		}
		i += 2 + size
	}
	return nil
}

// pngExif finds the eXIf chunk.
func pngExif(data []byte) []byte {
	for i := 8; i+12 <= len(data); {
		size := int(binary.BigEndian.Uint32(data[i:]))
		if size < 0 || size > len(data)-i-12 {
			return nil
		}
		if string(data[i+4:i+8]) == "eXIf" {
			return data[i+8 : i+8+size]
		}
		i += 12 + size
	}
	return nil
}

// webpExif finds the EXIF chunk. Some writers put JPEG's header before it.
func webpExif(data []byte) []byte {
	for i := 12; i+8 <= len(data); {
		size := int(binary.LittleEndian.Uint32(data[i+4:]))
		if size < 0 || size > len(data)-i-8 {
			return nil
		}
		if string(data[i:i+4]) == "EXIF" {
			return bytes.TrimPrefix(data[i+8:i+8+size], exifHeader)
		}
		i += 8 + size + size%2
	}
	return nil
}

// tiffOrientation reads tag 0x0112 of the first directory.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	first := int64(order.Uint32(b[4:]))
	if first+2 > int64(len(b)) {
		return 1
	}
	entries := b[first:]
	n := int(order.Uint16(entries))
	const entry, short = 12, 3
	for entries = entries[2:]; n > 0 && len(entries) >= entry; n, entries = n-1, entries[entry:] {
		if order.Uint16(entries) != 0x0112 {
			continue
		}
		if v := int(order.Uint16(entries[8:])); order.Uint16(entries[2:]) == short && v >= 1 && v <= 8 {
			return v
		}
		return 1
	}
	return 1
}
