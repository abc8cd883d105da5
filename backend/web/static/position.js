// Asks the phone where it is, once and only when somebody presses the button of a sticker.

export function whereAmI() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) return reject(new Error("missing"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        resolve({
          latitude_e6: Math.round(coords.latitude * 1e6),
          longitude_e6: Math.round(coords.longitude * 1e6),
          accuracy_m: Math.min(1000000, Math.ceil(coords.accuracy)),
        }),
      (error) => reject(new Error(error.code === error.PERMISSION_DENIED ? "refused" : "missing")),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 10000 },
    );
  });
}
