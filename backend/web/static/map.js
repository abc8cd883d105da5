// Draws the communes and pins with Leaflet; with `data-pick` one pin can be put by hand.
// There are no tiles: shapes and drop-off points come from this site, nobody else is asked.

import { whereAmI } from "./position.js";

const L = window.L;
const E6 = 1e6;
const NAMES_FROM_ZOOM = 12;

function pinIcon() {
  return L.divIcon({ className: "map-pin", iconSize: [44, 44], iconAnchor: [22, 42] });
}

async function drawAreas(map, element) {
  const answer = await fetch(element.dataset.areas);
  const areas = L.geoJSON(await answer.json(), {
    style: { className: "map-area", weight: 1.5 },
    onEachFeature: (feature, layer) =>
      layer.bindTooltip(feature.properties.name, {
        permanent: true,
        direction: "center",
        className: "map-name",
        opacity: 1,
      }),
  });
  const names = () => element.classList.toggle("map-near", map.getZoom() >= NAMES_FROM_ZOOM);
  map.on("zoomend", names);
  areas.addTo(map);
  if (areas.getLayers().length) map.setMaxBounds(areas.getBounds().pad(0.2));
  return areas;
}

function openMap(element) {
  element.hidden = false;
  const map = L.map(element, { attributionControl: false, minZoom: 8, maxZoom: 17, zoomSnap: 0.5 });
  L.control.attribution({ prefix: false }).addAttribution("© IGN").addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  for (const [selector, key] of [["in", "zoomIn"], ["out", "zoomOut"]]) {
    const button = element.querySelector(`.leaflet-control-zoom-${selector}`);
    button.title = element.dataset[key];
    button.setAttribute("aria-label", element.dataset[key]);
  }
  return map;
}

function showPins(map, pins) {
  const markers = pins.map(([name, href, latitude, longitude]) => {
    const marker = L.marker([latitude / E6, longitude / E6], { icon: pinIcon(), title: name, alt: name });
    marker.bindTooltip(name);
    if (href) marker.on("click", () => location.assign(href));
    return marker.addTo(map);
  });
  return L.featureGroup(markers);
}

function areaAt(areas, { lat, lng }) {
  const isIn = (ring) => {
    let inside = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [x, y] = ring[i];
      const [u, v] = ring[j];
      if (y > lat !== v > lat && lng < ((u - x) * (lat - y)) / (v - y) + x) inside = !inside;
    }
    return inside;
  };
  return areas.getLayers().find(({ feature: { geometry } }) => {
    const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
    return polygons.some(([outer, ...holes]) => isIn(outer) && !holes.some(isIn));
  });
}

function landmarks(map, element) {
  const group = L.layerGroup().addTo(map);
  let shown = "";
  return async (code) => {
    if (!code || code === shown) return;
    shown = code;
    const answer = await fetch(`${element.dataset.stations}?commune=${code}`);
    if (!answer.ok || code !== shown) return;
    group.clearLayers();
    for (const station of await answer.json()) {
      L.circleMarker([station.latitude_e6 / E6, station.longitude_e6 / E6], {
        radius: 6,
        className: "map-station",
      })
        .bindTooltip(station.address || station.name)
        .addTo(group);
    }
  };
}

function pick(map, element, areas) {
  const field = (id) => document.getElementById(id);
  const [latitude, longitude, commune, status] = ["latitude", "longitude", "commune", "pin-status"].map(field);
  const show = landmarks(map, element);
  let marker = null;

  const typed = () => {
    const place = [latitude, longitude].map(({ value }) => parseFloat(value.replace(",", ".")));
    return place.some(Number.isNaN) ? null : L.latLng(...place);
  };
  const put = (place, { isTyped = false } = {}) => {
    if (marker) marker.setLatLng(place);
    else {
      const words = element.dataset.pin;
      marker = L.marker(place, { icon: pinIcon(), draggable: true, autoPan: true, title: words, alt: words });
      marker.on("dragend", () => put(marker.getLatLng())).addTo(map);
    }
    if (!isTyped) [latitude.value, longitude.value] = [place.lat.toFixed(6), place.lng.toFixed(6)];
    const area = areaAt(areas, place);
    if (area) {
      commune.value = area.feature.properties.code;
      show(commune.value);
    }
    status.textContent = area ? `${element.dataset.put} ${area.feature.properties.name}` : element.dataset.outside;
  };
  const look = () => {
    const area = areas.getLayers().find((layer) => layer.feature.properties.code === commune.value);
    if (!area) return;
    map.fitBounds(area.getBounds());
    show(commune.value);
  };

  map.on("click", ({ latlng }) => put(latlng));
  commune.addEventListener("change", look);
  for (const input of [latitude, longitude]) {
    input.addEventListener("change", () => {
      const place = typed();
      if (!place) return;
      put(place, { isTyped: true });
      map.panTo(place);
    });
  }
  const here = field("here");
  here.hidden = false;
  here.addEventListener("click", async () => {
    status.textContent = element.dataset.asking;
    try {
      const found = await whereAmI();
      const place = L.latLng(found.latitude_e6 / E6, found.longitude_e6 / E6);
      put(place);
      map.setView(place, 16);
    } catch {
      status.textContent = element.dataset.missing;
    }
  });
  const place = typed();
  if (place) put(place, { isTyped: true });
  return place ? place.toBounds(800) : null;
}

async function start(element) {
  const map = openMap(element);
  map.setView([43.45, 5.3], 9);
  const areas = await drawAreas(map, element);
  if (!areas.getLayers().length) {
    // No communes are known yet: there is nothing to look at, and the fields serve as well.
    element.hidden = true;
    return;
  }
  const pins = showPins(map, JSON.parse(element.dataset.pins || "[]"));
  const picked = "pick" in element.dataset ? pick(map, element, areas) : null;
  const bounds = picked || (pins.getLayers().length ? pins.getBounds().pad(0.3) : areas.getBounds());
  map.fitBounds(bounds, { maxZoom: 14 });
  for (const drawing of document.querySelectorAll(".little-map")) drawing.remove();
}

for (const element of document.querySelectorAll(".area-map")) start(element);
