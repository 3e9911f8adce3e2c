package guardtest

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
)

func init() {
	for name, f := range map[string]func(*rand.Rand) string{
		"card": card, "card_grouped": func(r *rand.Rand) string { return group(card(r), 4) },
		"iban": iban, "iban_grouped": func(r *rand.Rand) string { return group(iban(r), 4) },
		"de_tax_id": deTax, "es_dni": dni, "es_nie": nie, "fr_nir": nir, "it_codice_fiscale": fiscale,
		"nl_bsn": bsn, "pl_pesel": pesel, "uk_nhs": nhs, "us_ssn": ssn, "br_cpf": cpf, "br_cnpj": cnpj, "in_aadhaar": aadhaar,
		"email": email, "phone": phone,
	} {
		rule, _, _ := strings.Cut(name, "_grouped")
		values[name] = value{"pii", rule, f}
	}
	values["bad_iban"] = plain(func(r *rand.Rand) string { s := iban(r); return s[:2] + flip(s[2]) + s[3:] })
	values["bad_card"] = plain(func(r *rand.Rand) string { s := card(r); return s[:15] + flip(s[15]) })
	values["bad_ssn"] = plain(func(r *rand.Rand) string { return oneOf(r, "000", "666", "912") + ssn(r)[3:] })
}

func flip(c byte) string { return string('0' + (c-'0'+3)%10) }

func num(s string, i int) int { return int(s[i] - '0') }

func luhn(body string) string {
	sum := 0
	for i := range body {
		d := num(body, len(body)-1-i)
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return body + strconv.Itoa((10-sum%10)%10)
}

func card(r *rand.Rand) string {
	prefix := oneOf(r, "4", "51", "55", "2221", "6011")
	return luhn(prefix + text(r, digits, 15-len(prefix)))
}

func group(s string, n int) string {
	var parts []string
	for len(s) > n {
		parts, s = append(parts, s[:n]), s[n:]
	}
	return strings.Join(append(parts, s), " ")
}

func iban(r *rand.Rand) string {
	country := oneOf(r, "DE", "GB", "FR", "NL", "ES", "PL")
	body := map[string]string{
		"DE": text(r, digits, 18), "GB": text(r, upper, 4) + text(r, digits, 14), "FR": text(r, digits, 10) + text(r, digits+upper, 11) + text(r, digits, 2),
		"NL": text(r, upper, 4) + text(r, digits, 10), "ES": text(r, digits, 20), "PL": text(r, digits, 24),
	}[country]
	var long strings.Builder
	for _, c := range body + country + "00" {
		if c >= 'A' {
			long.WriteString(strconv.Itoa(int(c-'A') + 10))
		} else {
			long.WriteRune(c)
		}
	}
	n, _ := new(big.Int).SetString(long.String(), 10)
	return fmt.Sprintf("%s%02d%s", country, 98-new(big.Int).Mod(n, big.NewInt(97)).Int64(), body)
}

// deTax is eleven digits: of the first ten one stands twice and one not at all;
// the last is ISO 7064 mod 11, 10.
func deTax(r *rand.Rand) string {
	p := r.Perm(10)
	for p[0] == 0 {
		p = r.Perm(10)
	}
	p[5+r.IntN(5)] = p[r.IntN(4)]
	product := 10
	out := ""
	for _, d := range p {
		sum := (d + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
		out += strconv.Itoa(d)
	}
	return out + strconv.Itoa((11-product)%10)
}

const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

func dni(r *rand.Rand) string {
	n := 10_000_000 + r.IntN(89_999_999)
	return fmt.Sprintf("%08d%c", n, dniLetters[n%23])
}

func nie(r *rand.Rand) string {
	first, n := r.IntN(3), r.IntN(10_000_000)
	return fmt.Sprintf("%c%07d%c", "XYZ"[first], n, dniLetters[(first*10_000_000+n)%23])
}

func nir(r *rand.Rand) string {
	body := fmt.Sprintf("%d%02d%02d%02d%03d%03d", 1+r.IntN(2), r.IntN(100), 1+r.IntN(12), 1+r.IntN(95), 1+r.IntN(900), 1+r.IntN(900))
	n, _ := strconv.ParseInt(body, 10, 64)
	return fmt.Sprintf("%s%02d", body, 97-n%97)
}

// odds are the values that the Italian decree gives to characters in odd places.
var odds = [36]int{
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21, // 0..9
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23, // A..Z
}

func fiscale(r *rand.Rand) string {
	const consonants = "BCDFGLMNPRSTVZ"
	s := text(r, consonants, 6) + text(r, digits, 2) + text(r, "ABCDEHLMPRST", 1) + fmt.Sprintf("%02d", 1+r.IntN(28)) + text(r, "ABCDEFGHIL", 1) + text(r, digits, 3)
	sum := 0
	for i, c := range []byte(s) {
		v, odd := int(c-'0'), int(c-'0')
		if c >= 'A' {
			v, odd = int(c-'A'), int(c-'A')+10
		}
		if i%2 == 0 {
			v = odds[odd]
		}
		sum += v
	}
	return s + string(rune('A'+sum%26))
}

func bsn(r *rand.Rand) string {
	for {
		s := text(r, digits[1:], 1) + text(r, digits, 8)
		sum := -num(s, 8)
		for i := range 8 {
			sum += num(s, i) * (9 - i)
		}
		if sum%11 == 0 {
			return s
		}
	}
}

func pesel(r *rand.Rand) string {
	s := fmt.Sprintf("%02d%02d%02d", r.IntN(100), 1+r.IntN(12), 1+r.IntN(28)) + text(r, digits, 4)
	sum := 0
	for i, w := range []int{1, 3, 7, 9, 1, 3, 7, 9, 1, 3} {
		sum += w * num(s, i)
	}
	return s + strconv.Itoa((10-sum%10)%10)
}

func nhs(r *rand.Rand) string {
	for {
		s := text(r, "4679", 1) + text(r, digits, 8)
		sum := 0
		for i := range 9 {
			sum += num(s, i) * (10 - i)
		}
		if check := 11 - sum%11; check != 10 {
			s += strconv.Itoa(check % 11)
			return s[:3] + " " + s[3:6] + " " + s[6:]
		}
	}
}

func ssn(r *rand.Rand) string {
	for {
		if area := 1 + r.IntN(899); area != 666 {
			return fmt.Sprintf("%03d-%02d-%04d", area, 1+r.IntN(99), 1+r.IntN(9999))
		}
	}
}

func mod11(s string, weights ...int) string {
	sum := 0
	for i, w := range weights {
		sum += w * num(s, i)
	}
	if sum %= 11; sum < 2 {
		return s + "0"
	}
	return s + strconv.Itoa(11-sum)
}

func cpf(r *rand.Rand) string {
	s := mod11(text(r, digits, 9), 10, 9, 8, 7, 6, 5, 4, 3, 2)
	s = mod11(s, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
	return s[:3] + "." + s[3:6] + "." + s[6:9] + "-" + s[9:]
}

func cnpj(r *rand.Rand) string {
	s := mod11(text(r, digits, 8)+"0001", 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	s = mod11(s, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	return s[:2] + "." + s[2:5] + "." + s[5:8] + "/" + s[8:12] + "-" + s[12:]
}

// aadhaar ends in Verhoeff's check digit, whose tables are the dihedral group D5
// and the powers of one permutation.
func aadhaar(r *rand.Rand) string {
	s := text(r, digits[2:], 1) + text(r, digits, 10)
	c := 0
	for i := range s {
		d := num(s, len(s)-1-i)
		for range (i + 1) % 8 {
			d = []int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}[d]
		}
		c = dihedral(c, d)
	}
	for d := range 10 {
		if dihedral(c, d) == 0 {
			s += strconv.Itoa(d)
			break
		}
	}
	return group(s, 4)
}

func dihedral(a, b int) int {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return 5 + (a+b-5)%5
	case b < 5:
		return 5 + (a-5-b+5)%5
	default:
		return (a - b + 5) % 5
	}
}

func email(r *rand.Rand) string {
	return text(r, lower, 4) + oneOf(r, ".", "_", "+", "") + text(r, lower, 5) + "@" + text(r, lower, 7) + oneOf(r, ".com", ".de", ".co.uk", ".io", ".org")
}

func phone(r *rand.Rand) string {
	area, n := 201+r.IntN(700), text(r, digits[2:], 3)+"-"+text(r, digits, 4)
	return oneOf(r,
		fmt.Sprintf("+1 %d %s", area, n), fmt.Sprintf("+1-%d-%s", area, n), fmt.Sprintf("(%d) %s", area, n),
		"+49 30 "+text(r, digits, 7), "+44 20 "+text(r, digits, 4)+" "+text(r, digits, 4), "+33 6 12 34 "+text(r, digits, 2)+" "+text(r, digits, 2))
}
