const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))$/i;

/**
 * A time of RFC 3339, with its offset, between the years 1970 and 2999; undefined for any other text. `Date` alone
 * would take the 30th of February for the 2nd of March. Digits beyond milliseconds are cut; a leap second is refused.
 */
export function parseTime(text: string): Date | undefined {
  const parts = RFC_3339.exec(text)
    ?.slice(1)
    .map((digits) => Number(digits ?? 0));
  if (!parts) return undefined;

  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] = parts;
  const daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const dated = year >= 1970 && year <= 2999 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth;
  const clocked = hour <= 23 && minute <= 59 && second <= 59 && offsetHour <= 23 && offsetMinute <= 59;
  return dated && clocked ? new Date(text.toUpperCase()) : undefined;
}
